// One contiguous piece of message memory, and what a message must be able to do for its pieces.

import type { Memory, MemoryPart, MemoryUser } from './memory.js';

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

/**
 * One segment: all access goes through one DataView (scalars) and one Uint8Array (bytes), which may be those of a
 * larger piece of memory. Positions count from the beginning of that memory, in far pointers from `start`.
 */
export class Segment implements MemoryUser {
  readonly arena: Arena;
  readonly id: number;
  bytes: Uint8Array;
  view: DataView;
  /** Where it begins. */
  readonly start: number;
  /** End of what is in use: all of it for a reader, what has been handed out for a builder. Whole words from `start`. */
  end: number;
  /** End of what is available. Whole words from `start`. */
  limit: number;
  /** True when memory beyond `end` is known to be zero. */
  readonly clean: boolean;
  /** What it is a part of. */
  memory: Memory;
  private readonly part: MemoryPart;

  constructor(arena: Arena, id: number, part: MemoryPart, used: number, available: number, clean: boolean) {
    const { memory, start } = part;
    this.arena = arena;
    this.id = id;
    this.bytes = memory.bytes;
    this.view = memory.view;
    this.start = start;
    this.end = start + used;
    this.limit = start + available;
    this.clean = clean;
    this.memory = memory;
    this.part = part;
    part.attach(this);
  }

  /** Bytes in use. */
  get used(): number {
    return this.end - this.start;
  }

  asBuffer(): Buffer {
    return this.memory.asBuffer();
  }

  /** A view of a part, without copying. */
  slice(at: number, length: number): Uint8Array {
    return this.part.slice(at, length);
  }

  /** @internal */
  revoke(nothing: Memory): void {
    this.memory = nothing;
    this.bytes = nothing.bytes;
    this.view = nothing.view;
  }
}
