// Small pieces of memory cut from a bigger one: an ArrayBuffer for each small message would cost more than the rest of it.
import { Memory, MemoryPart } from '@flow-ipc/capnp';

/** Up to this many bytes a loop beats a view and its set(). */
const SHORT = 256;

/**
 * Pieces are not used again, but for what is reclaimed: the whole is collected when all of them are. So it must be
 * short, or one small message that is kept would keep much. What is in a piece is not zeroed.
 */
export class Slab {
  readonly #size: number;
  #memory: Memory | undefined;
  #at = 0;

  /** `size` in bytes, a multiple of 8. */
  constructor(size: number) {
    this.#size = size;
  }

  /** A piece of at most a fourth of the slab, aligned to 8 bytes; undefined if it would be longer. */
  cut(length: number): MemoryPart | undefined {
    if (length > this.#size >> 2) return undefined;
    let memory = this.#memory;
    let at = this.#at;
    if (!memory || at + length > this.#size) {
      memory = this.#memory = new Memory(new Uint8Array(Buffer.allocUnsafeSlow(this.#size).buffer));
      at = 0;
    }
    this.#at = (at + length + 7) & ~7;
    return new MemoryPart(memory, at, length);
  }

  /** Takes back the end of a piece, from `end` to `limit` (whole words), if nothing was cut behind it yet. */
  reclaim(memory: Memory, end: number, limit: number): void {
    if (memory === this.#memory && limit === this.#at) this.#at = end;
  }

  /** A copy of a part of `bytes`, of which `view` is another view. */
  copy(bytes: Uint8Array, view: DataView, at: number, length: number): MemoryPart {
    const piece = this.cut(length);
    if (!piece) return new MemoryPart(new Memory(bytes.slice(at, at + length)), 0, length);
    const { memory, start } = piece;
    if (length > SHORT) {
      memory.bytes.set(bytes.subarray(at, at + length), start);
      return piece;
    }
    let done = 0;
    for (; done + 4 <= length; done += 4)
      memory.view.setInt32(start + done, view.getInt32(at + done, true), true);
    for (; done < length; done++) memory.bytes[start + done] = bytes[at + done]!;
    return piece;
  }
}
