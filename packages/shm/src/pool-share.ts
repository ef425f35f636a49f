// A share in an object of a pool, counted in the pool; and the 8 bytes that stand for an object on the way.
import { FlowIpcError } from '@flow-ipc/core';
import type { ObjectShare } from './arena.js';
import type { SharedType } from './containers/type.js';
import { poolError, ShmError } from './errors.js';
import type { PoolArena } from './pool-arena.js';

export const CLASSIC_HANDLE_SIZE = 8;

/** The offset from the pool's base, as C++'s Pool_arena::lend_object() writes it. */
export function classicHandle(offset: number): Uint8Array {
  const bytes = new Uint8Array(CLASSIC_HANDLE_SIZE);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(offset), true);
  return bytes;
}

/** What the offset leads to is the pool's to check. Throws BAD_HANDLE. */
export function readClassicHandle(blob: Uint8Array): number {
  if (blob.length !== CLASSIC_HANDLE_SIZE) {
    throw new FlowIpcError(
      ShmError.BAD_HANDLE,
      `A handle of ${blob.length} bytes, not of ${CLASSIC_HANDLE_SIZE}`,
    );
  }
  const offset = Number(new DataView(blob.buffer, blob.byteOffset, blob.length).getBigInt64(0, true));
  if (offset > 0 && Number.isSafeInteger(offset)) return offset;
  throw new FlowIpcError(ShmError.BAD_HANDLE, `A handle to an object at ${offset}`);
}

/** What an arena keeps of the shares that went through it. */
export interface ShareBooks {
  /** Not given back yet. */
  readonly held: Set<PoolShare>;
  lent: number;
}

export class PoolShare implements ObjectShare {
  declare home?: WeakRef<{ end(): void }>;
  readonly handle: Uint8Array;
  readonly type: SharedType;
  readonly offset: number;
  readonly #arena: PoolArena;
  readonly #books: ShareBooks;

  constructor(arena: PoolArena, type: SharedType, offset: number, books: ShareBooks) {
    this.handle = classicHandle(offset);
    this.type = type;
    this.offset = offset;
    this.#arena = arena;
    this.#books = books;
    books.held.add(this);
  }

  lend(): Uint8Array {
    const code = this.#arena.pool.objectLend(this.offset, this.type.size);
    if (code < 0) throw poolError(code, `Cannot lend the object at ${this.offset}`, this.#arena.name);
    this.#books.lent++;
    return classicHandle(this.offset);
  }

  drop(): boolean {
    this.#books.held.delete(this);
    // Who may only read has no count to change.
    if (!this.#arena.memory.writable) return false;
    const left = this.#arena.pool.objectDrop(this.offset, this.type.size);
    if (left < 0) throw poolError(left, `Cannot release the object at ${this.offset}`, this.#arena.name);
    return left === 0;
  }

  free(): void {
    this.#arena.free(this.offset);
  }
}
