// What one peer lends us: its arenas and their pools, as it announced them (feature 206).
import { logger } from '@flow-ipc/core';
import { BorrowedPools } from '@flow-ipc/native';
import type { PoolDescription } from './lend-channel.js';

const log = logger('shm');
/** More arenas than a peer has honest use for. */
const MOST_ARENAS = 1024;

export class BorrowedArenas {
  /** @internal The addon's pools: every read of what a peer lent goes through these. */
  readonly native = new BorrowedPools();
  readonly #nameBases: readonly string[];
  readonly #arenas = new Map<number, Map<number, { window: number; size: number }>>();

  /** `nameBases`: what pools may be called, but for the id at the end. */
  constructor(nameBases: readonly string[]) {
    this.#nameBases = nameBases;
  }

  get pools(): number {
    let count = 0;
    for (const pools of this.#arenas.values()) count += pools.size;
    return count;
  }

  /** False: refused. */
  addArena(collectionId: number): boolean {
    if (this.#arenas.has(collectionId) || this.#arenas.size >= MOST_ARENAS) return false;
    this.#arenas.set(collectionId, new Map());
    return true;
  }

  /** False: refused, because it makes no sense or cannot be had. Nothing but the peer's own pools is ever opened. */
  addPool({ collectionId, poolId, name, size }: PoolDescription): boolean {
    const arena = this.#arenas.get(collectionId);
    if (!arena || !this.#nameBases.some((base) => name === `${base}${poolId}`)) {
      log('refused pool %d of arena %d: its name is %j', poolId, collectionId, name);
      return false;
    }
    const window = this.native.addPool(collectionId, poolId, name, size);
    if (window > 0) arena.set(poolId, { window, size });
    else log('cannot take pool %s of %d bytes: %d', name, size, window);
    return window > 0;
  }

  /** Nothing happens when there was none. */
  removePool(collectionId: number, poolId: number): void {
    if (this.#arenas.get(collectionId)?.delete(poolId)) this.native.removePool(collectionId, poolId);
  }

  knows(collectionId: number, poolId: number): boolean {
    return this.#arenas.get(collectionId)?.has(poolId) ?? false;
  }

  /** Forgets all pools. What was borrowed from them stays readable. */
  close(): void {
    this.native.close();
    this.#arenas.clear();
  }
}
