// What of one arena is lent to one peer: pools it was told of, and loans of objects, counted each.
import { FlowIpcError } from '@flow-ipc/core';
import { LendError } from './errors.js';
import type { IpcArena } from './ipc-arena.js';

type PoolState = 'announced' | 'taken' | 'refused';

export class LentArena {
  readonly arena: IpcArena;
  readonly #pools = new Map<number, PoolState>();
  #unanswered = 0;
  /** By address. */
  readonly #loans = new Map<number, number>();
  #closed = false;

  constructor(arena: IpcArena) {
    this.arena = arena;
  }

  /** Objects on loan. */
  get objects(): number {
    return this.#loans.size;
  }

  get pools(): number {
    return this.#pools.size;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get allAnswered(): boolean {
    return this.#unanswered === 0;
  }

  knows(poolId: number): boolean {
    return this.#pools.has(poolId);
  }

  announce(poolId: number): void {
    this.#pools.set(poolId, 'announced');
    this.#unanswered++;
  }

  answered(poolId: number, taken: boolean): void {
    this.#unanswered--;
    // It may be gone already.
    if (this.#pools.has(poolId)) this.#pools.set(poolId, taken ? 'taken' : 'refused');
  }

  /** The pool is gone. Whether the peer has it, and so must hear of that. */
  forget(poolId: number): boolean {
    const state = this.#pools.get(poolId);
    this.#pools.delete(poolId);
    return state === 'announced' || state === 'taken';
  }

  checkPool(poolId: number): void {
    if (this.#pools.get(poolId) !== 'refused') return;
    throw new FlowIpcError(
      LendError.POOL_REFUSED,
      `The peer could not take pool ${poolId} of arena ${this.arena.name}`,
    );
  }

  /** One loan, which the arena's object was given an owner for. */
  add(address: number): void {
    this.#loans.set(address, (this.#loans.get(address) ?? 0) + 1);
  }

  /** One loan less; the object's owner with it. False when it was not on loan. */
  giveBack(address: number): boolean {
    const count = this.#loans.get(address);
    if (count === undefined) return false;
    if (count === 1) this.#loans.delete(address);
    else this.#loans.set(address, count - 1);
    this.arena.dropOwner(address);
    return true;
  }

  /** The peer is gone: it has given back everything. */
  giveBackAll(): void {
    const loans = [...this.#loans];
    this.#loans.clear();
    this.#pools.clear();
    if (this.#closed) return;
    for (const [address, count] of loans) {
      for (let i = 0; i < count; i++) this.arena.dropOwner(address);
    }
  }

  /** The arena is gone, and every object with it. */
  close(): void {
    this.#closed = true;
    this.#loans.clear();
    this.#pools.clear();
  }
}
