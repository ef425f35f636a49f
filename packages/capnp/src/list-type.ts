// The run-time description of a list type: element size and how to make its reader and builder.

import type { ElementSize } from './pointer.js';
import type { Segment } from './segment.js';

/** Names and values of an enum, as generated: `{ red: 0, green: 1 }`. */
export type Enumerants = Readonly<Record<string, number>>;

/** A list type, as generated code names it: `Int32List`, `TextList`, `structList(Foo)`, `listOf(Int32List)`. */
export interface ListType<R, B> {
  readonly elementSize: ElementSize;
  /** For lists of structs: the element's size in words. */
  readonly dataWords: number;
  readonly pointerCount: number;
  /** For lists of enums whose names are known. */
  readonly enumerants?: Enumerants;
  /** For lists of lists. */
  readonly inner?: ListType<unknown, unknown>;
  /** @internal Makes a reader of what `locateList` has just found. */
  reader(segment: Segment, depth: number): R;
  /** @internal Makes a builder of what `locateList` has just found. */
  builder(segment: Segment): B;
}
