// A pointer whose type the schema does not say.

import { FAR, followFar, LIST, landed, STRUCT } from './pointer.js';
import { readPointer } from './pointer-access.js';
import type { PointerType } from './pointer-type.js';
import type { Segment } from './segment.js';

export type PointerKind = 'null' | 'struct' | 'list' | 'capability';

/** An AnyPointer field, element or root. Reads the pointer anew at each call. */
export class AnyPointerReader {
  /** @internal */
  readonly $segment: Segment;
  /** @internal */
  readonly $at: number;
  /** @internal */
  readonly $depth: number;

  /** @internal */
  constructor(segment: Segment, at: number, depth: number) {
    this.$segment = segment;
    this.$at = at;
    this.$depth = depth;
  }

  get isNull(): boolean {
    return this.kind === 'null';
  }

  /** What the pointer leads to. Text and Data are lists. */
  get kind(): PointerKind {
    return kindAt(this.$segment, this.$at);
  }

  /** Reads the object as `type`: a struct, a list type, `Text`, `Data`, `AnyStruct` or `AnyList`. */
  as<R>(type: PointerType<R, unknown>): R {
    return readPointer(type, this.$segment, this.$at, this.$depth);
  }
}

export function kindAt(segment: Segment, at: number): PointerKind {
  const lo = segment.view.getUint32(at, true);
  const hi = segment.view.getUint32(at + 4, true);
  if ((lo | hi) === 0) return 'null';
  let low = lo;
  if ((lo & 3) === FAR) {
    followFar(segment, lo, hi);
    low = landed.lo;
  }
  if ((low & 3) === STRUCT) return 'struct';
  return (low & 3) === LIST ? 'list' : 'capability';
}
