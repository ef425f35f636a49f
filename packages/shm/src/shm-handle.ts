// The message that stands for an object in shared memory: ShmTopSerialization with an 8-byte handle (protocol 3.4).
import { MessageReader } from '@flow-ipc/capnp';
import { FlowIpcError } from '@flow-ipc/core';
import { ShmError } from './errors.js';
import { ShmTopSerialization } from './generated/serialization.capnp.js';

/** Size of the message: root, ShmHandle, list pointer, handle. */
export const HANDLE_MESSAGE_SIZE = 32;
const HANDLE_AT = 24;
const HANDLE_SIZE = 8;
const ONE_POINTER_STRUCT = 0x00010000;
/** List pointer right before its bytes, to 8 bytes. */
const BYTES = 1;
const EIGHT_BYTES = 0x42;
const HIGH = 2 ** 32;

/** A message to be filled with one handle after another. */
export class HandleMessage {
  readonly bytes = new Uint8Array(HANDLE_MESSAGE_SIZE);
  readonly #view = new DataView(this.bytes.buffer);

  constructor() {
    this.#view.setUint32(4, ONE_POINTER_STRUCT, true);
    this.#view.setUint32(12, ONE_POINTER_STRUCT, true);
    this.#view.setUint32(16, BYTES, true);
    this.#view.setUint32(20, EIGHT_BYTES, true);
  }

  /** `offset`: bytes from the pool's base. */
  set(offset: number): Uint8Array {
    this.#view.setUint32(HANDLE_AT, offset % HIGH, true);
    this.#view.setUint32(HANDLE_AT + 4, Math.floor(offset / HIGH), true);
    return this.bytes;
  }
}

/** The offset in a received handle message; the pool checks whether there is such an object. Throws BAD_HANDLE. */
export function readHandle(bytes: Uint8Array, view: DataView, at: number, length: number): number {
  if (length === HANDLE_MESSAGE_SIZE && isUsualLayout(view, at)) return offsetAt(view, at + HANDLE_AT);
  let handle: Uint8Array;
  try {
    const segment = bytes.slice(at, at + length);
    handle = new MessageReader([segment]).getRoot(ShmTopSerialization).segmentListInShm.serialization;
  } catch (err) {
    throw new FlowIpcError(ShmError.BAD_HANDLE, 'The peer sent no shared-memory handle where one was due', {
      cause: err,
    });
  }
  if (handle.length !== HANDLE_SIZE) {
    throw new FlowIpcError(
      ShmError.BAD_HANDLE,
      `A shared-memory handle of ${handle.length} bytes came, not of ${HANDLE_SIZE}`,
    );
  }
  return offsetAt(new DataView(handle.buffer, handle.byteOffset, HANDLE_SIZE), 0);
}

function isUsualLayout(view: DataView, at: number): boolean {
  return (
    view.getUint32(at, true) === 0 &&
    view.getUint32(at + 4, true) === ONE_POINTER_STRUCT &&
    view.getUint32(at + 8, true) === 0 &&
    view.getUint32(at + 12, true) === ONE_POINTER_STRUCT &&
    view.getUint32(at + 16, true) === BYTES &&
    view.getUint32(at + 20, true) === EIGHT_BYTES
  );
}

function offsetAt(view: DataView, at: number): number {
  const offset = view.getUint32(at, true) + view.getInt32(at + 4, true) * HIGH;
  if (offset <= 0 || !Number.isSafeInteger(offset)) {
    throw new FlowIpcError(ShmError.BAD_HANDLE, `A shared-memory handle at offset ${offset} came`);
  }
  return offset;
}
