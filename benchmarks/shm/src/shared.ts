// What the two processes share, and the hand-made table that stands for doing without.
import { t } from '@flow-ipc/shm';

export const Scores = t.map(t.string, t.u32);
export const Floats = t.vector(t.f64);
export const keyOf = (i: number) => `key-${i}`;

/** Open addressing over a SharedArrayBuffer: as quick as such a thing gets, for keys of up to 24 ASCII characters. */
export class HandMadeTable {
  readonly #slots: number;
  readonly #bytes: Uint8Array;
  readonly #values: Uint32Array;

  constructor(count: number) {
    this.#slots = 2 ** Math.ceil(Math.log2(count * 1.5));
    this.#bytes = new Uint8Array(new SharedArrayBuffer(this.#slots * 25));
    this.#values = new Uint32Array(new SharedArrayBuffer(this.#slots * 4));
  }

  set(key: string, value: number): void {
    const slot = this.#slot(key);
    this.#bytes[slot * 25] = key.length;
    for (let i = 0; i < key.length; i++) this.#bytes[slot * 25 + 1 + i] = key.charCodeAt(i);
    this.#values[slot] = value;
  }

  get(key: string): number {
    return this.#values[this.#slot(key)]!;
  }

  /** Where the key is, or belongs. */
  #slot(key: string): number {
    let hash = 0x811c9dc5 | 0;
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
    hash ^= hash >>> 15;
    for (let slot = hash & (this.#slots - 1); ; slot = (slot + 1) & (this.#slots - 1)) {
      const at = slot * 25;
      const length = this.#bytes[at]!;
      if (length === 0) return slot;
      if (length !== key.length) continue;
      let i = 0;
      while (i < length && this.#bytes[at + 1 + i] === key.charCodeAt(i)) i++;
      if (i === length) return slot;
    }
  }
}
