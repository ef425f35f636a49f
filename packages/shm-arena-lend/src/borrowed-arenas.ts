// What one peer lends us: its arenas and their pools, as it announced them (feature 206).
import { logger } from '@flow-ipc/core';
import { BorrowedPools } from '@flow-ipc/native';
import type { WindowPart } from '@flow-ipc/shm';
import { BorrowedArena } from './borrowed-arena.js';
import { badHandle, corrupted } from './errors.js';
import type { PoolDescription } from './lend-channel.js';
import type { LendHandle } from './lend-handle.js';

const log = logger('shm');
/** More arenas than a peer has honest use for. */
const MOST_ARENAS = 1024;

export class BorrowedArenas {
  /** @internal The addon's pools: every read of what a peer lent goes through these. */
  readonly native: BorrowedPools = new BorrowedPools();
  readonly #nameBases: readonly string[];
  readonly #arenas = new Map<number, BorrowedArena>();
  readonly #fetch: (collectionId: number, poolId: number) => boolean;
  #objects = 0;
  #closed = false;

  /**
   * `nameBases`: what pools may be called, but for the id at the end. `fetch` is asked for a pool that is not known, and
   * tells whether it is now.
   */
  constructor(nameBases: readonly string[], fetch: (collectionId: number, poolId: number) => boolean) {
    this.#nameBases = nameBases;
    this.#fetch = fetch;
  }

  get pools(): number {
    let count = 0;
    for (const arena of this.#arenas.values()) count += arena.memory.pools;
    return count;
  }

  /** False: refused. */
  addArena(collectionId: number): boolean {
    if (this.#arenas.has(collectionId) || this.#arenas.size >= MOST_ARENAS) return false;
    this.#arenas.set(
      collectionId,
      new BorrowedArena(collectionId, this.native, (poolId) => this.#fetch(collectionId, poolId)),
    );
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
    if (window > 0) arena.memory.add({ id: poolId, window, size });
    else log('cannot take pool %s of %d bytes: %d', name, size, window);
    return window > 0;
  }

  /** Nothing happens when there was none. */
  removePool(collectionId: number, poolId: number): void {
    if (this.#arenas.get(collectionId)?.memory.remove(poolId)) this.native.removePool(collectionId, poolId);
  }

  knows(collectionId: number, poolId: number): boolean {
    return this.#arenas.get(collectionId)?.memory.has(poolId) ?? false;
  }

  /**
   * Where a borrowed object of `size` bytes is. Undefined when its pool is unknown and stays so. Throws BAD_HANDLE for a
   * place that cannot be an object's. Until objectGone() the pools are kept.
   */
  objectAt(
    { collectionId, poolId, offset }: LendHandle,
    size: number,
  ): { arena: BorrowedArena; address: number } | undefined {
    if (!this.knows(collectionId, poolId) && !this.#fetch(collectionId, poolId)) return undefined;
    // What this process wrote there by mistake must not be taken for the peer's.
    this.native.refresh();
    const arena = this.#arenas.get(collectionId)!;
    const address = arena.memory.addressOf(poolId, offset);
    try {
      if (address % 8 !== 0) throw corrupted(`an object at ${offset}`);
      arena.memory.check(address, size);
    } catch (err) {
      throw badHandle(`No object of ${size} bytes lies at ${offset} of pool ${poolId}`, err);
    }
    this.#objects++;
    return { arena, address };
  }

  /** What shows the bytes of a small message, where the addon said that they are. */
  showMessage(collectionId: number, address: number, length: number): WindowPart | readonly ArrayBuffer[] {
    return this.#arenas.get(collectionId)!.memory.showMessage(address, length);
  }

  objectGone(): void {
    this.#objects--;
    this.#closeIfUnused();
  }

  /** Nothing is borrowed any more. Pools go with the last object borrowed from them; messages have what they need. */
  close(): void {
    this.#closed = true;
    for (const arena of this.#arenas.values()) arena.memory.closeMessages();
    this.#closeIfUnused();
  }

  #closeIfUnused(): void {
    if (this.#closed && this.#objects === 0) this.native.close();
  }
}
