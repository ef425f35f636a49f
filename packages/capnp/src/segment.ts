// One contiguous piece of message memory, and what a message must be able to do for its pieces.

/**
 * What readers and builders ask of the message they belong to.
 *
 * The budget counts words that readers have been led to. When it is used up the message is looked at as a
 * whole: an honest one, in which no object is reached in two ways, gets a new budget, since its reader reads
 * again at will; one that multiplies work (shared sub-trees, lists of nothing) is refused.
 */
export abstract class Arena {
  /** Words that may still be visited. */
  left = Number.POSITIVE_INFINITY;

  /** @throws CapnpError NO_SEGMENT */
  abstract segment(id: number): Segment;

  /** Called when `left` has become negative. @throws CapnpError AMPLIFICATION */
  refill(): void {}
}

/** One segment: all access goes through its one DataView (scalars) and one Uint8Array (bytes). */
export class Segment {
  readonly arena: Arena;
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Bytes in use: all of it for a reader, what has been handed out for a builder. Multiple of 8. */
  end: number;
  /** Bytes available. Multiple of 8. */
  readonly capacity: number;
  /** True when memory beyond `end` is known to be zero. */
  readonly clean: boolean;
  /** Same memory as a Node Buffer, made at the first longer text: it has the fast UTF-8 routines. */
  private buffer: Buffer | undefined = undefined;

  constructor(arena: Arena, id: number, bytes: Uint8Array, end: number, capacity: number, clean: boolean) {
    this.arena = arena;
    this.id = id;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = end;
    this.capacity = capacity;
    this.clean = clean;
  }

  asBuffer(): Buffer {
    this.buffer ??= Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.buffer;
  }

  /** A view of a part, without copying. */
  slice(at: number, length: number): Uint8Array {
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + at, length);
  }
}

/** Accepts both forms in which callers hold memory. */
export function asBytes(memory: Uint8Array | ArrayBuffer): Uint8Array {
  return memory instanceof Uint8Array ? memory : new Uint8Array(memory);
}
