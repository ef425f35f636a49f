// Small pieces of memory cut from a bigger one: an ArrayBuffer for each small message would cost more than the rest of it.

/** Up to this many bytes a loop beats a view and its set(). */
const SHORT = 128;

/**
 * Pieces are never used again: the whole is collected when all of them are. So it must be short, or one small message
 * that is kept would keep much.
 */
export class Slab {
  readonly #size: number;
  readonly #zeroed: boolean;
  #memory: ArrayBuffer | undefined;
  #at = 0;

  /** `size` in bytes, a multiple of 8. Zeroing costs; who overwrites all anyway does without. */
  constructor(size: number, zeroed: boolean) {
    this.#size = size;
    this.#zeroed = zeroed;
  }

  /** A piece of at most a fourth of the slab, aligned to 8 bytes; undefined if it would be longer. */
  cut(length: number): Uint8Array | undefined {
    if (length > this.#size >> 2) return undefined;
    let at = this.#at;
    if (!this.#memory || at + length > this.#size) {
      this.#memory = this.#zeroed ? new ArrayBuffer(this.#size) : Buffer.allocUnsafeSlow(this.#size).buffer;
      at = 0;
    }
    this.#at = (at + length + 7) & ~7;
    return new Uint8Array(this.#memory, at, length);
  }

  /** A copy of a part of `bytes`. */
  copy(bytes: Uint8Array, at: number, length: number): Uint8Array {
    const piece = this.cut(length);
    if (!piece) return bytes.slice(at, at + length);
    if (length > SHORT) piece.set(bytes.subarray(at, at + length));
    else for (let i = 0; i < length; i++) piece[i] = bytes[at + i]!;
    return piece;
  }
}
