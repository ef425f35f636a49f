// Pointers in pools of arenas, the same in every process: a pool's id and an offset in it (protocol 7.2, feature 204).
import { MessageWindow, SharedMemory, WINDOW, type WindowPart } from '@flow-ipc/shm';
import { corrupted } from './errors.js';

/** Tells a pointer into a pool from a raw one, which would mean something in its writer's process only. */
const POOL_POINTER = 0x80000000;

/** A pool, as far as pointers care. */
export interface PoolPlace {
  readonly id: number;
  readonly window: number;
  readonly size: number;
}

/** The memory of one arena, on either side: each pool is a window. */
export abstract class PoolsMemory extends SharedMemory {
  readonly #byId = new Map<number, PoolPlace>();
  readonly #byWindow = new Map<number, PoolPlace>();
  /** By window; made when the first small message is in the pool. */
  readonly #messages = new Map<number, MessageWindow>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(pool: PoolPlace): void {
    this.#byId.set(pool.id, pool);
    this.#byWindow.set(pool.window, pool);
    this.#size += pool.size;
  }

  /** The pool, or undefined when there was none. */
  remove(poolId: number): PoolPlace | undefined {
    const pool = this.#byId.get(poolId);
    if (!pool) return undefined;
    this.#byId.delete(poolId);
    this.#byWindow.delete(pool.window);
    this.#size -= pool.size;
    this.forgetWindow(pool.window);
    this.#messages.get(pool.window)?.close();
    this.#messages.delete(pool.window);
    return pool;
  }

  /** What shows a small message's bytes, which lie in one pool. */
  showMessage(address: number, length: number): WindowPart | readonly ArrayBuffer[] {
    const index = Math.floor(address / WINDOW);
    let window = this.#messages.get(index);
    if (!window) {
      const pool = this.#byWindow.get(index);
      if (!pool) throw corrupted(`an address of ${address}`);
      window = new MessageWindow(pool.size, (offset, bytes) =>
        this.viewBytes(index * WINDOW + offset, bytes),
      );
      this.#messages.set(index, window);
    }
    return window.show(address % WINDOW, length);
  }

  /** The arena is closed: what shows messages still goes with the last of them. */
  closeMessages(): void {
    for (const window of this.#messages.values()) window.close();
    this.#messages.clear();
  }

  has(poolId: number): boolean {
    return this.#byId.has(poolId);
  }

  get pools(): number {
    return this.#byId.size;
  }

  /** The address of a place in a pool; 0 when there is none. */
  addressOf(poolId: number, offset: number): number {
    const pool = this.#byId.get(poolId);
    return !pool || offset < 0 || offset >= pool.size ? 0 : pool.window * WINDOW + offset;
  }

  /** The reverse. */
  placeOf(address: number): { poolId: number; offset: number } {
    const pool = this.#byWindow.get(Math.floor(address / WINDOW));
    if (!pool) throw corrupted(`an address of ${address}`);
    return { poolId: pool.id, offset: address % WINDOW };
  }

  check(address: number, length: number): void {
    const pool = this.#byWindow.get(Math.floor(address / WINDOW));
    if (!pool || (address % WINDOW) + length > pool.size)
      throw corrupted(`a pointer to ${length} bytes at ${address}`);
  }

  readPointer(field: number): number {
    const offset = this.u32(field);
    const high = this.u32(field + 4);
    if (high === 0 && offset === 0) return 0;
    const poolId = high - POOL_POINTER;
    let address = poolId < 0 ? 0 : this.addressOf(poolId, offset);
    // The owner may have put it into a pool that is newer than what this side has read of the lend channel.
    if (address === 0 && poolId > 0 && !this.has(poolId) && this.fetchPool(poolId))
      address = this.addressOf(poolId, offset);
    if (address === 0) throw corrupted(`a pointer to ${offset} in pool ${high}`);
    return address;
  }

  writePointer(field: number, target: number): void {
    if (target === 0) {
      this.setU32(field, 0);
      this.setU32(field + 4, 0);
      return;
    }
    const { poolId, offset } = this.placeOf(target);
    this.setU32(field, offset);
    this.setU32(field + 4, POOL_POINTER + poolId);
  }

  protected openWindow(index: number): ArrayBuffer {
    const pool = this.#byWindow.get(index);
    if (!pool) throw corrupted(`an address in window ${index}`);
    return this.viewBytes(pool.window * WINDOW, pool.size);
  }

  /** Asked for a pool that is not known: whether it is now. */
  protected fetchPool(_poolId: number): boolean {
    return false;
  }

  protected abstract viewBytes(address: number, length: number): ArrayBuffer;
}
