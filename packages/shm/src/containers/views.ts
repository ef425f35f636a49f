// Views: the buffers over an object's blocks that were handed out, so that none outlives what it shows.
import type { Arena } from '../arena.js';

interface HandedOut {
  readonly buffer: ArrayBuffer;
  readonly length: number;
}

/** Shorter than the block that it begins with, as that has grown since. Its holders keep it, nobody else does. */
interface Outgrown {
  readonly buffer: WeakRef<ArrayBuffer>;
  readonly address: number;
  readonly length: number;
}

/** Of those, before it is looked which are still there. */
const MANY = 64;

/** A view keeps its owner from being collected, and with it the share in the object. */
const OWNER = Symbol('owner');

export class Views {
  readonly #arena: Arena;
  readonly #owner: object;
  /** By address: the one that is handed out again. */
  readonly #current = new Map<number, HandedOut>();
  #outgrown: Outgrown[] = [];
  #due = MANY;

  constructor(arena: Arena, owner: object) {
    this.#arena = arena;
    this.#owner = owner;
  }

  /** A buffer over [address, address + length), the same each time until it ends. */
  get(address: number, length: number): ArrayBuffer {
    const known = this.#current.get(address);
    if (known?.length === length && (known.buffer.byteLength > 0 || length === 0)) return known.buffer;
    const buffer = this.#arena.view(address, length);
    Object.defineProperty(buffer, OWNER, { value: this.#owner });
    if (known) this.#arena.detach([known.buffer]);
    this.#current.set(address, { buffer, length });
    return buffer;
  }

  /** The block has grown where it is: what was handed out stays good, for as much as it shows. */
  outgrow(address: number): void {
    const known = this.#current.get(address);
    if (!known) return;
    this.#current.delete(address);
    this.#outgrown.push({ buffer: new WeakRef(known.buffer), address, length: known.length });
    if (this.#outgrown.length < this.#due) return;
    this.#outgrown = this.#outgrown.filter(({ buffer }) => buffer.deref() !== undefined);
    this.#due = MANY + 2 * this.#outgrown.length;
  }

  /** [address, address + bytes) is free memory from here on: what shows any of it becomes empty. */
  end(address: number, bytes: number): void {
    if (this.#current.size === 0 && this.#outgrown.length === 0) return;
    const shown = (at: number, length: number) => at + length > address && at < address + bytes;
    for (const [at, { buffer, length }] of this.#current) {
      if (!shown(at, length)) continue;
      this.#arena.detach([buffer]);
      this.#current.delete(at);
    }
    this.#outgrown = this.#outgrown.filter(({ buffer, address: at, length }) => {
      if (!shown(at, length)) return true;
      this.#detach(buffer);
      return false;
    });
  }

  endAll(): void {
    if (this.#current.size > 0) this.#arena.detach([...this.#current.values()].map(({ buffer }) => buffer));
    this.#current.clear();
    for (const { buffer } of this.#outgrown.splice(0)) this.#detach(buffer);
  }

  #detach(ref: WeakRef<ArrayBuffer>): void {
    const buffer = ref.deref();
    if (buffer) this.#arena.detach([buffer]);
  }
}
