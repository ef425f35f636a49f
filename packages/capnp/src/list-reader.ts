// Base class of all list readers.

import { nestingLimit } from './errors.js';
import { found } from './read-list.js';
import type { Segment } from './segment.js';

/** A list in a message: `length`, `at(i)`, iteration. Elements are read when asked for. */
export abstract class ListReader<T> implements Iterable<T> {
  readonly length: number;
  /** @internal */
  readonly $segment: Segment;
  /** @internal */
  readonly $start: number;
  /** @internal Distance of elements in bits; a whole number of bytes unless the elements are bits. */
  readonly $stepBits: number;
  /** @internal Bytes of data in an element. */
  readonly $dataBytes: number;
  /** @internal Pointers in an element. */
  readonly $pointerCount: number;
  /** @internal Byte position of the list itself. */
  readonly $target: number;
  /** @internal The high half of its pointer. */
  readonly $hi: number;
  /** @internal Levels of nesting that may still follow. */
  readonly $depth: number;

  /** @internal Takes over what `locateList` has just found. */
  constructor(segment: Segment, depth: number) {
    this.length = found.length;
    this.$segment = segment;
    this.$start = found.start;
    this.$stepBits = found.stepBits;
    this.$dataBytes = found.dataBytes;
    this.$pointerCount = found.pointerCount;
    this.$target = found.target;
    this.$hi = found.hi;
    this.$depth = depth;
  }

  /** @internal Looked up at each access: the segment's changes when its memory is taken back. */
  get $view(): DataView {
    return this.$segment.view;
  }

  /** Element `i`, from 0. @throws RangeError outside the list */
  abstract at(i: number): T;

  /** All elements as an array. */
  toArray(): T[] {
    const out: T[] = [];
    for (let i = 0; i < this.length; i++) out.push(this.at(i));
    return out;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }

  /** @internal Byte position of element `i`. */
  $at(i: number): number {
    checkIndex(i, this.length);
    return this.$start + i * (this.$stepBits / 8);
  }

  /** @internal For elements that are pointers or structs: they are one level further down. */
  $descend(): number {
    if (this.$depth <= 0) throw nestingLimit();
    return this.$depth - 1;
  }
}

export function checkIndex(i: number, length: number): void {
  if (!(i >= 0 && i < length && Math.floor(i) === i)) {
    throw new RangeError(`index ${i} is outside a list of ${length}`);
  }
}
