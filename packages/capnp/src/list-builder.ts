// Base class of all list builders.

import { checkIndex } from './list-reader.js';
import { found } from './read-list.js';
import type { Segment } from './segment.js';

/** A list of fixed length in a message under construction: `length`, `at(i)`, iteration. */
export abstract class ListBuilder<T> implements Iterable<T> {
  readonly length: number;
  /** @internal */
  readonly $segment: Segment;
  /** @internal */
  readonly $view: DataView;
  /** @internal */
  readonly $start: number;
  /** @internal */
  readonly $stepBits: number;

  /** @internal Takes over what `locateList` or `initList` has just found. */
  constructor(segment: Segment) {
    this.length = found.length;
    this.$segment = segment;
    this.$view = segment.view;
    this.$start = found.start;
    this.$stepBits = found.stepBits;
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
}
