// Handles with the scope they belong to, and their place in users' messages (features 188, 196).
import { FlowIpcError } from '@flow-ipc/core';
import { ShmError } from './errors.js';
import { CLASSIC_HANDLE_SIZE } from './pool-share.js';

/** As C++ numbers them. */
export const Scope = { SESSION: 1, APP: 2 } as const;
export type Scope = (typeof Scope)[keyof typeof Scope];

const SCOPED_SIZE = 2 * CLASSIC_HANDLE_SIZE;

/** An arena's 8 bytes, then the scope as a 64-bit number. */
export function scopedHandle(handle: Uint8Array, scope: Scope): Uint8Array {
  const bytes = new Uint8Array(SCOPED_SIZE);
  bytes.set(handle);
  bytes[CLASSIC_HANDLE_SIZE] = scope;
  return bytes;
}

/** The reverse. Throws BAD_HANDLE for a wrong size or an unknown scope. */
export function splitScopedHandle(blob: Uint8Array): { handle: Uint8Array; scope: Scope } {
  if (blob.length !== SCOPED_SIZE) {
    throw new FlowIpcError(
      ShmError.BAD_HANDLE,
      `A session's handle has ${SCOPED_SIZE} bytes, not ${blob.length}: an arena's is for its borrow()`,
    );
  }
  const scope = new DataView(blob.buffer, blob.byteOffset, blob.length).getBigUint64(
    CLASSIC_HANDLE_SIZE,
    true,
  );
  if (scope !== 1n && scope !== 2n)
    throw new FlowIpcError(ShmError.BAD_HANDLE, `A handle of the unknown scope ${scope}`);
  return { handle: blob.subarray(0, CLASSIC_HANDLE_SIZE), scope: Number(scope) as Scope };
}

/** What generated builders and readers of Flow-IPC's ShmHandle look like, and those of any struct with such a field. */
export interface ShmHandleField {
  serialization: Uint8Array;
}

/** Puts what lendObject() or lend() gave into a message. */
export function setLentShmHandle(field: ShmHandleField, blob: Uint8Array): void {
  field.serialization = blob;
}

/** A copy of what is to be borrowed, good beyond the message; empty when the field was not set. */
export function shmHandleToBorrow(field: Readonly<ShmHandleField>): Uint8Array {
  return Uint8Array.from(field.serialization);
}
