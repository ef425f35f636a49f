// The messages of the measurements: bytes of a given size with a stamp at both ends, so that every arrival is checked.

/** What a message asks of the server. */
export const Kind = {
  /** Answer with a message of the same size. */
  ECHO: 0,
  /** Nothing: one of many that go one way. */
  PUSH: 1,
  /** One of these too, but say when it is there. */
  PUSH_ACK: 2,
  /** Answer with the file. */
  FETCH: 3,
  /** As ECHO, but compare every byte first. */
  VERIFY: 4,
  /** In an answer: something did not arrive as it was sent. */
  WRONG: 5,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** Added to the kind of the last message of a batch: a server that blocks goes back to its event loop behind it. */
const LAST = 0x80;

/** Sequence number, kind, size of the whole. The sequence number is at the very end once more. */
export const HEADER_SIZE = 16;
const KIND_AT = 4;
const SIZE_AT = 8;
const TAIL_SIZE = 4;

/** Messages that only tell something have this size. */
export const NOTE_SIZE = 64;

export class Message {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  /** Stamps are written into these bytes, whosever memory they are. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view.setUint32(SIZE_AT, bytes.length, true);
  }

  /** A new one of `size` bytes, its inside the pattern that both sides know. */
  static ofSize(size: number): Message {
    return new Message(pattern(size));
  }

  stamp(sequence: number, kind: Kind, last = false): void {
    this.#view.setUint32(0, sequence, true);
    this.#view.setUint8(KIND_AT, last ? kind | LAST : kind);
    this.#view.setUint32(this.bytes.length - TAIL_SIZE, sequence, true);
  }
}

const u32 = (bytes: Uint8Array, at: number) =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

export const sequenceOf = (bytes: Uint8Array) => u32(bytes, 0);
export const kindOf = (bytes: Uint8Array) => (bytes[KIND_AT]! & ~LAST) as Kind;
export const isLast = (bytes: Uint8Array) => (bytes[KIND_AT]! & LAST) !== 0;
/** Size of the whole message, of which these are at least the first bytes. */
export const sizeOf = (bytes: Uint8Array) => u32(bytes, SIZE_AT);

/** The cheap check of every arrival: its size, and the stamp at both ends. */
export function stampIsWhole(bytes: Uint8Array): boolean {
  const { length } = bytes;
  return (
    length >= HEADER_SIZE + TAIL_SIZE &&
    sizeOf(bytes) === length &&
    u32(bytes, length - TAIL_SIZE) === u32(bytes, 0)
  );
}

/** The thorough check: every byte between the stamps. */
export function insideIsWhole(bytes: Uint8Array): boolean {
  const inside = (whole: Uint8Array) =>
    Buffer.from(whole.buffer, whole.byteOffset, whole.length).subarray(HEADER_SIZE, -TAIL_SIZE);
  return inside(pattern(bytes.length)).equals(inside(bytes));
}

const BLOCK = 64 * 1024;
let block: Uint8Array | undefined;

/** Bytes that look random and are the same in every process. */
export function pattern(size: number): Uint8Array {
  block ??= randomBlock();
  // Not from Node's pool of small buffers: some subjects hand the whole ArrayBuffer over.
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += BLOCK) {
    bytes.set(block.subarray(0, Math.min(BLOCK, size - at)), at);
    // No two blocks are alike, so one in another's place is noticed.
    for (let i = at; i < Math.min(at + BLOCK, size); i += 4096) bytes[i] = (at / BLOCK) & 0xff;
  }
  return bytes;
}

/** xorshift32. */
function randomBlock(): Uint8Array {
  const words = new Uint32Array(BLOCK / 4);
  let state = 0x9e3779b9;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer);
}
