// Home: one process's hold on one object, which all its accessors and views go through.
import type { Arena } from '../arena.js';
import { closed, readOnly, released } from '../errors.js';
import type { SharedMemory } from '../shared-memory.js';
import { Views } from './views.js';

/** Blocks that are freed in one go. */
const MANY = 4096;

/** Starts anywhere, so that two processes hardly ever count alike. */
let births = Math.floor(Math.random() * 2 ** 32);

export class Home {
  readonly arena: Arena;
  readonly memory: SharedMemory;
  #alive = true;
  readonly #views: Views;
  #trash: number[] = [];

  constructor(arena: Arena) {
    this.arena = arena;
    this.memory = arena.memory;
    this.#views = new Views(arena, this);
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
    this.#views.end(address, bytes);
    this.#trash.push(address);
    if (this.#trash.length >= MANY) this.flush();
  }

  /** Arena.extend(). Views of the block stay as they are; view() then gives one of it all. */
  extend(address: number, bytes: number): boolean {
    if (!this.arena.extend(address, bytes)) return false;
    this.#views.outgrow(address);
    return true;
  }

  /**
   * Arena.shrink() of a block of `before` bytes, of which nobody needs more than `bytes` any more: views of more are dead
   * from here on, whether it can be done or not. When it cannot, move: that frees memory all the same.
   */
  shrink(address: number, before: number, bytes: number): boolean {
    this.#views.end(address + bytes, before - bytes);
    return this.arena.shrink(address, bytes);
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
    return this.#views.get(address, length);
  }

  /** The object is no longer ours. */
  end(): void {
    this.#alive = false;
    this.#views.endAll();
  }
}
