// The run-time description of a list type: element size and how to make its reader and builder.

import type { ElementSize } from './pointer.js';
import type { PointerType } from './pointer-type.js';
import type { Segment } from './segment.js';

/** Names and values of an enum, as generated: `{ red: 0, green: 1 }`. */
export type Enumerants = Readonly<Record<string, number>>;

export type ScalarName =
  | 'void'
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float32'
  | 'float64';

/** The type of a value. */
export type ElementType = ScalarName | { readonly enum: Enumerants } | PointerType<unknown, unknown>;

/** A list type, as generated code names it: `Int32List`, `TextList`, `structList(Foo)`, `listOf(Int32List)`. */
export interface ListType<R, B> {
  readonly elementSize: ElementSize;
  /** For lists of structs: the element's size in words. */
  readonly dataWords: number;
  readonly pointerCount: number;
  /** What its elements are, for code that handles lists of any type. */
  readonly element: ElementType;
  /** @internal Makes a reader of what `locateList` has just found. */
  reader(segment: Segment, depth: number): R;
  /** @internal Makes a builder of what `locateList` has just found. */
  builder(segment: Segment): B;
}
