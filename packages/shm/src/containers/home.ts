// Home: one process's hold on one object, which all its accessors and views go through.
import type { Arena } from '../arena.js';
import { closed, readOnly, released } from '../errors.js';
import type { SharedMemory } from '../shared-memory.js';

interface HandedOut {
  readonly buffer: ArrayBuffer;
  readonly length: number;
}

/** A view keeps its home, and with it the share in the object, from being collected. */
const HOME = Symbol('home');

/** Blocks that are freed in one go. */
const MANY = 4096;

/** Starts anywhere, so that two processes hardly ever count alike. */
let births = Math.floor(Math.random() * 2 ** 32);

export class Home {
  readonly arena: Arena;
  readonly memory: SharedMemory;
  #alive = true;
  readonly #views = new Map<number, HandedOut>();
  #trash: number[] = [];

  constructor(arena: Arena) {
    this.arena = arena;
    this.memory = arena.memory;
  }

  /** Throws RELEASED when the object was released here, CLOSED when its arena was. */
  live(): void {
    if (!this.#alive) throw released('The object');
    if (this.memory.closed) throw closed(this.arena.name);
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** live() for who is going to change something. */
  mutable(): void {
    this.live();
    if (!this.memory.writable) throw readOnly('Cannot change the object');
  }

  /** A number for a new node, by which later readers see that it is still the same one. */
  birth(): number {
    births = (births + 1) >>> 0;
    return births;
  }

  allocate(bytes: number): number {
    return this.arena.allocate(bytes);
  }

  /** Views of it are dead from here on. The block is freed with the next flush(). */
  free(address: number, bytes: number): void {
    if (this.#views.size > 0) {
      for (const [start, { buffer, length }] of this.#views) {
        if (start + length <= address || start >= address + bytes) continue;
        this.arena.detach([buffer]);
        this.#views.delete(start);
      }
    }
    this.#trash.push(address);
    if (this.#trash.length >= MANY) this.flush();
  }

  /** Gives back what free() was told of. Throws CORRUPTED's like when a peer made up some of these addresses. */
  flush(): void {
    const trash = this.#trash;
    if (trash.length === 0) return;
    this.#trash = [];
    if (trash.length === 1) this.arena.free(trash[0]!);
    else this.arena.freeMany(Float64Array.from(trash));
  }

  /** A buffer over a whole block, or part of one, the same each time. Dead once the block, or the object, is. */
  view(address: number, length: number): ArrayBuffer {
    const known = this.#views.get(address);
    if (known?.length === length && (known.buffer.byteLength > 0 || length === 0)) return known.buffer;
    const buffer = this.arena.view(address, length);
    Object.defineProperty(buffer, HOME, { value: this });
    if (known) this.arena.detach([known.buffer]);
    this.#views.set(address, { buffer, length });
    return buffer;
  }

  /** The object is no longer ours. */
  end(): void {
    this.#alive = false;
    if (this.#views.size === 0) return;
    this.arena.detach([...this.#views.values()].map(({ buffer }) => buffer));
    this.#views.clear();
  }
}
