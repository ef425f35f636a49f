// A share in an object of a pool, counted in the pool; and the 8 bytes that stand for an object on the way.
import { FlowIpcError } from '@flow-ipc/core';
import type { ObjectShare } from './arena.js';
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

export class PoolShare implements ObjectShare {
  readonly handle: Uint8Array;
  readonly #arena: PoolArena;
  readonly #size: number;
  readonly #offset: number;
  readonly #counters: { held: number; lent: number };

  constructor(arena: PoolArena, size: number, offset: number, counters: { held: number; lent: number }) {
    this.handle = classicHandle(offset);
    this.#arena = arena;
    this.#size = size;
    this.#offset = offset;
    this.#counters = counters;
    counters.held++;
  }

  lend(): Uint8Array {
    const code = this.#arena.pool.objectLend(this.#offset, this.#size);
    if (code < 0) throw poolError(code, `Cannot lend the object at ${this.#offset}`, this.#arena.name);
    this.#counters.lent++;
    return classicHandle(this.#offset);
  }

  drop(): boolean {
    this.#counters.held--;
    // Who may only read has no count to change.
    if (!this.#arena.memory.writable) return false;
    const left = this.#arena.pool.objectDrop(this.#offset, this.#size);
    if (left < 0) throw poolError(left, `Cannot release the object at ${this.#offset}`, this.#arena.name);
    return left === 0;
  }

  free(): void {
    this.#arena.free(this.#offset);
  }

  get owners(): number {
    return this.#arena.pool.objectOwners(this.#offset, this.#size);
  }
}
