// Base class of all list builders.

import { checkIndex } from './list-reader.js';
import type { ListType } from './list-type.js';
import { found } from './read-list.js';
import type { Segment } from './segment.js';
import { OWN_DEPTH } from './struct-builder.js';

/** A list of fixed length in a message under construction: `length`, `at(i)`, iteration. */
export abstract class ListBuilder<T, R = unknown> implements Iterable<T> {
  readonly length: number;
  /** @internal */
  readonly $type: ListType<R, unknown>;
  /** @internal */
  readonly $segment: Segment;
  /** @internal */
  readonly $start: number;
  /** @internal */
  readonly $stepBits: number;
  /** @internal */
  readonly $dataBytes: number;
  /** @internal */
  readonly $pointerCount: number;
  /** @internal */
  readonly $target: number;
  /** @internal */
  readonly $hi: number;

  /** @internal Takes over what `locateList` or `initList` has just found. */
  constructor(segment: Segment, type: ListType<R, unknown>) {
    this.length = found.length;
    this.$type = type;
    this.$segment = segment;
    this.$start = found.start;
    this.$stepBits = found.stepBits;
    this.$dataBytes = found.dataBytes;
    this.$pointerCount = found.pointerCount;
    this.$target = found.target;
    this.$hi = found.hi;
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

  /** A reader of the same memory. */
  asReader(): R {
    found.length = this.length;
    found.start = this.$start;
    found.stepBits = this.$stepBits;
    found.dataBytes = this.$dataBytes;
    found.pointerCount = this.$pointerCount;
    found.target = this.$target;
    found.hi = this.$hi;
    return this.$type.reader(this.$segment, OWN_DEPTH);
  }

  /** @internal Byte position of element `i`. */
  $at(i: number): number {
    checkIndex(i, this.length);
    return this.$start + i * (this.$stepBits / 8);
  }
}
