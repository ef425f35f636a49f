// The run-time description of a struct type: what generated code exports under the type's own name.

import type { Brand, FieldInfo } from './fields.js';
import type { Segment } from './segment.js';
import type { StructBuilder } from './struct-builder.js';
import type { StructReader } from './struct-reader.js';

/** The anonymous union of a struct. */
export interface UnionInfo {
  /** Position of the discriminant in the data section, in units of 16 bits. */
  readonly discriminantOffset: number;
  /** Member names; the index is the discriminant's value. */
  readonly names: readonly string[];
}

export type ReaderConstructor<R extends StructReader> = new (
  segment: Segment,
  data: number,
  dataBytes: number,
  pointers: number,
  pointerCount: number,
  depth: number,
) => R;

export type BuilderConstructor<B extends StructBuilder> = new (
  segment: Segment,
  data: number,
  pointers: number,
  pointerCount: number,
) => B;

/** A struct type; pass it to `getRoot`, `initRoot` and to whatever is generic over message types. */
export interface StructType<R extends StructReader = StructReader, B extends StructBuilder = StructBuilder> {
  /** Name in the schema, without the file, with dots between scopes. */
  readonly name: string;
  /** The 64-bit type id. */
  readonly id: bigint;
  /** Size of the data section in 8-byte words. */
  readonly dataWords: number;
  /** Number of pointers. */
  readonly pointerCount: number;
  readonly Reader: ReaderConstructor<R>;
  readonly Builder: BuilderConstructor<B>;
  /** Present when the struct has an anonymous union. */
  readonly union?: UnionInfo;
  /** The fields in the order of the schema, for code that handles structs of any type. */
  fields?(brand: Brand): readonly FieldInfo[];
}

/** The reader class of a struct type. */
export type ReaderOf<T> = T extends { readonly Reader: new (...args: never[]) => infer R } ? R : never;

/** The builder class of a struct type. */
export type BuilderOf<T> = T extends { readonly Builder: new (...args: never[]) => infer B } ? B : never;

/** The member names of a struct type's anonymous union, as a union of string literals; never if it has none. */
export type WhichOf<T> =
  ReaderOf<T> extends { readonly which: infer W } ? Exclude<W, undefined> & string : never;
