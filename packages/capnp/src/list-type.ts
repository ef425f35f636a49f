// The run-time description of a list type: element size and how to make its reader and builder.

import type { ElementSize } from './pointer.js';
import type { Segment } from './segment.js';

/** A list type, as generated code names it: `Int32List`, `TextList`, `structList(Foo)`, `listOf(Int32List)`. */
export interface ListType<R, B> {
  readonly elementSize: ElementSize;
  /** For lists of structs: the element's size in words. */
  readonly dataWords: number;
  readonly pointerCount: number;
  /** @internal Makes a reader of what `locateList` has just found. */
  reader(segment: Segment, depth: number): R;
  /** @internal Makes a builder of what `locateList` has just found. */
  builder(segment: Segment): B;
}
