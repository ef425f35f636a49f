// The 12 bytes that a lent object goes by, and the message that carries them (protocol 3.4, 7.3).
import { MessageReader } from '@flow-ipc/capnp';
import { ShmTopSerialization } from '@flow-ipc/shm';
import { badHandle } from './errors.js';

/** Who lent what: the lender's arena, the pool, and the object's place in it. Re-used: take what you need at once. */
export interface LendHandle {
  collectionId: number;
  poolId: number;
  offset: number;
}

export const HANDLE_SIZE = 12;
/** Size of the message: root, ShmHandle, list pointer, handle padded to words. */
export const HANDLE_MESSAGE_SIZE = 40;
const HANDLE_AT = 24;
const ONE_POINTER_STRUCT = 0x00010000;
/** List pointer right before its bytes, and to 12 of them. */
const BYTES = 1;
const TWELVE_BYTES = (HANDLE_SIZE << 3) | 2;

export function encodeHandle(view: DataView, at: number, handle: LendHandle): void {
  view.setUint32(at, handle.collectionId, true);
  view.setUint32(at + 4, handle.poolId, true);
  view.setInt32(at + 8, handle.offset, true);
}

export function decodeHandle(view: DataView, at: number, handle: LendHandle): LendHandle {
  handle.collectionId = view.getUint32(at, true);
  handle.poolId = view.getUint32(at + 4, true);
  handle.offset = view.getInt32(at + 8, true);
  return handle;
}

/** A handle by itself, as users put it into their own messages. */
export function handleBytes(handle: LendHandle): Uint8Array {
  const bytes = new Uint8Array(HANDLE_SIZE);
  encodeHandle(new DataView(bytes.buffer), 0, handle);
  return bytes;
}

/** The reverse. Throws BAD_HANDLE on any other size. */
export function parseHandle(bytes: Uint8Array): LendHandle {
  if (bytes.length !== HANDLE_SIZE)
    throw badHandle(`A shared-memory handle of ${bytes.length} bytes came, not of ${HANDLE_SIZE}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, HANDLE_SIZE);
  return decodeHandle(view, 0, { collectionId: 0, poolId: 0, offset: 0 });
}

/** A message to be filled with one handle after another. */
export class HandleMessage {
  readonly bytes = new Uint8Array(HANDLE_MESSAGE_SIZE);
  readonly #view = new DataView(this.bytes.buffer);

  constructor() {
    this.#view.setUint32(4, ONE_POINTER_STRUCT, true);
    this.#view.setUint32(12, ONE_POINTER_STRUCT, true);
    this.#view.setUint32(16, BYTES, true);
    this.#view.setUint32(20, TWELVE_BYTES, true);
  }

  set(handle: LendHandle): Uint8Array {
    encodeHandle(this.#view, HANDLE_AT, handle);
    return this.bytes;
  }
}

/** The handle in a received handle message, into `handle`. Throws BAD_HANDLE. */
export function readHandleMessage(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  length: number,
  handle: LendHandle,
): LendHandle {
  if (length === HANDLE_MESSAGE_SIZE && isUsualLayout(view, at))
    return decodeHandle(view, at + HANDLE_AT, handle);
  let blob: Uint8Array;
  try {
    const segment = bytes.slice(at, at + length);
    blob = new MessageReader([segment]).getRoot(ShmTopSerialization).segmentListInShm.serialization;
  } catch (err) {
    throw badHandle('The peer sent no shared-memory handle where one was due', err);
  }
  return Object.assign(handle, parseHandle(blob));
}

function isUsualLayout(view: DataView, at: number): boolean {
  return (
    view.getUint32(at, true) === 0 &&
    view.getUint32(at + 4, true) === ONE_POINTER_STRUCT &&
    view.getUint32(at + 8, true) === 0 &&
    view.getUint32(at + 12, true) === ONE_POINTER_STRUCT &&
    view.getUint32(at + 16, true) === BYTES &&
    view.getUint32(at + 20, true) === TWELVE_BYTES
  );
}
