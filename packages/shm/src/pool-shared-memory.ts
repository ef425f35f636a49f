// The memory of a pool: one address space of offsets, with self-relative pointers as Boost.Interprocess stores them.
import type { Pool } from '@flow-ipc/native';
import { corrupted, SharedMemory, WINDOW } from './shared-memory.js';

const HIGH = 2 ** 32;
/** How offset_ptr says null: no pointer leads one byte behind itself. */
const NULL = 1;
const CHUNK_SHIFT = 16;
/** Of the smallest block: before it there is the allocator's own. */
const FIRST_BLOCK = 160 + 16;

export class PoolSharedMemory extends SharedMemory {
  readonly size: number;
  readonly #pool: Pool;
  /** A byte for each 64 KiB, 1 where reading is known to be safe. */
  readonly #backing: Uint8Array;

  constructor(pool: Pool, writable: boolean) {
    super(writable);
    this.#pool = pool;
    this.size = pool.size;
    this.#backing = new Uint8Array(pool.backing());
    this.openLowWindow();
  }

  protected openWindow(index: number): ArrayBuffer {
    const start = index * WINDOW;
    if (start >= this.size) throw corrupted(`an address of ${start}`);
    return this.#pool.view(start, Math.min(WINDOW, this.size - start));
  }

  check(address: number, length: number): void {
    if (length === 0) return;
    const end = address + length;
    if (end <= WINDOW && address >= FIRST_BLOCK) {
      // The usual case, in integers: nothing that the table does not know can lie beyond the end.
      const last = (end - 1) >>> CHUNK_SHIFT;
      let chunk = address >>> CHUNK_SHIFT;
      while (chunk < last && this.#backing[chunk] === 1) chunk++;
      if (chunk === last && this.#backing[chunk] === 1 && end <= this.size) return;
    }
    if (!(address >= FIRST_BLOCK && end <= this.size && this.#pool.usable(address, length)))
      throw corrupted(`a pointer to ${length} bytes at ${address} in pool ${this.#pool.name}`);
  }

  readPointer(field: number): number {
    const low = this.u32(field);
    const high = this.i32(field + 4);
    // Near pointers, forward and back, without going through doubles.
    const back = high === -1 && (low | 0) < 0;
    const target = high === 0 ? field + low : back ? field + (low | 0) : field + low + high * HIGH;
    if (target === field + NULL) return 0;
    if (target <= 0 || target >= this.size) throw corrupted(`a pointer to ${target}`);
    return target;
  }

  writePointer(field: number, target: number): void {
    const value = target === 0 ? NULL : target - field;
    this.setU32(field, value >>> 0);
    this.setU32(field + 4, Math.floor(value / HIGH));
  }
}
