// The memory of a pool: one address space of offsets, with self-relative pointers as Boost.Interprocess stores them.
import type { Pool } from '@flow-ipc/native';
import { poolError } from './errors.js';
import { corrupted, SharedMemory, WINDOW } from './shared-memory.js';

const EBADF = -9;
const HIGH = 2 ** 32;
/** How offset_ptr says null: no pointer leads one byte behind itself. */
const NULL = 1;
const CHUNK = 2 ** 16;
/** Of the smallest block: before it there is the allocator's own. */
const FIRST_BLOCK = 160 + 16;

export class PoolSharedMemory extends SharedMemory {
  readonly size: number;
  readonly #pool: Pool;
  /** A byte for each 64 KiB, 1 where reading is known to be safe. */
  #backing: Uint8Array;

  constructor(pool: Pool, writable: boolean) {
    super(writable);
    this.#pool = pool;
    this.size = pool.size;
    this.#backing = new Uint8Array(pool.backing());
  }

  /** The pool is closed: nothing can be reached any more. */
  close(): void {
    this.#backing = new Uint8Array(0);
    this.forgetWindows();
  }

  protected openWindow(index: number): ArrayBuffer {
    const start = index * WINDOW;
    if (this.#backing.length === 0) throw poolError(EBADF, 'Cannot read', this.#pool.name);
    if (start >= this.size) throw corrupted(`an address of ${start}`);
    return this.#pool.view(start, Math.min(WINDOW, this.size - start));
  }

  check(address: number, length: number): void {
    if (length === 0) return;
    const end = address + length;
    if (address >= FIRST_BLOCK && length > 0 && end <= this.size) {
      const first = Math.floor(address / CHUNK);
      const last = Math.floor((end - 1) / CHUNK);
      const known = this.#backing;
      if (known[first] === 1 && (last === first || (last === first + 1 && known[last] === 1))) return;
      if (this.#pool.usable(address, length)) return;
      if (known.length === 0) throw poolError(EBADF, 'Cannot read', this.#pool.name);
    }
    throw corrupted(`a pointer to ${length} bytes at ${address} in pool ${this.#pool.name}`);
  }

  readPointer(field: number): number {
    const low = this.u32(field);
    const high = this.i32(field + 4);
    if (low === NULL && high === 0) return 0;
    const target = field + low + high * HIGH;
    if (target <= 0 || target >= this.size) throw corrupted(`a pointer to ${target}`);
    return target;
  }

  writePointer(field: number, target: number): void {
    const value = target === 0 ? NULL : target - field;
    this.setU32(field, value >>> 0);
    this.setU32(field + 4, Math.floor(value / HIGH));
  }
}
