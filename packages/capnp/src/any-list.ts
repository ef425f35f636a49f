// A list whose element type the schema does not say.

import type { ListType } from './list-type.js';
import { ElementSize } from './pointer.js';
import { readPointer } from './pointer-access.js';
import { found, foundNothing, locateList } from './read-list.js';
import type { Segment } from './segment.js';

const SIZE_NAMES = [
  'void',
  'bit',
  'byte',
  'twoBytes',
  'fourBytes',
  'eightBytes',
  'pointer',
  'struct',
] as const;

/** An AnyList. Reads the pointer anew at each call. */
export class AnyListReader {
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

  /** Number of elements; 0 when null. */
  get length(): number {
    this.#locate();
    return found.length;
  }

  /** How elements are encoded. */
  get elementSize(): (typeof SIZE_NAMES)[number] {
    this.#locate();
    return SIZE_NAMES[found.hi & 7]!;
  }

  /** Reads the list as `type`. */
  as<R>(type: ListType<R, unknown>): R {
    return readPointer(type, this.$segment, this.$at, this.$depth);
  }

  #locate(): void {
    const lo = this.$segment.view.getUint32(this.$at, true);
    const hi = this.$segment.view.getUint32(this.$at + 4, true);
    // Any elements will do for a list of Void.
    if ((lo | hi) === 0) foundNothing(ElementSize.void);
    else locateList(this.$segment, this.$at, lo, hi, ElementSize.void, this.$depth);
  }
}
