// For transports with a longest blob: messages beyond it go in pieces, and are put together again.
import { sizeOf } from '../peer/message.js';

/** `bytes` in runs of at most `longest`. */
export function* pieces(bytes: Uint8Array, longest: number): Generator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += longest) yield bytes.subarray(at, at + longest);
}

/** Hands out whole messages; the first piece tells the size of the whole. */
export class Assembler {
  readonly #onMessage: (bytes: Uint8Array) => void;
  #whole: Uint8Array | undefined;
  #have = 0;

  constructor(onMessage: (bytes: Uint8Array) => void) {
    this.#onMessage = onMessage;
  }

  /** Takes a piece, valid only during the call. */
  take(piece: Uint8Array): void {
    let whole = this.#whole;
    if (!whole) {
      const size = sizeOf(piece);
      if (size === piece.length) {
        this.#onMessage(piece);
        return;
      }
      // Not zeroed first: every byte is about to come.
      whole = Buffer.allocUnsafeSlow(size);
      this.#whole = whole;
      this.#have = 0;
    }
    whole.set(piece, this.#have);
    this.#have += piece.length;
    if (this.#have < whole.length) return;
    this.#whole = undefined;
    this.#onMessage(whole);
  }
}
