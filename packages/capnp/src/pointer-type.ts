// The types that a pointer can lead to, as values: structs, lists, Text, Data and the untyped ones.

import type { AnyListReader } from './any-list.js';
import type { AnyPointerBuilder } from './any-pointer-builder.js';
import type { AnyPointerReader } from './any-pointer-reader.js';
import type { Brand, FieldSource } from './fields.js';
import type { ListBuilder } from './list-builder.js';
import type { ListType } from './list-type.js';
import type { StructBuilder } from './struct-builder.js';
import type { StructReader } from './struct-reader.js';
import type { BuilderConstructor, ReaderConstructor } from './struct-type.js';

/** What of a StructType is needed to follow a pointer to such a struct. */
export interface StructShape<R, B> {
  readonly dataWords: number;
  readonly pointerCount: number;
  readonly Reader: ReaderConstructor<R & StructReader>;
  readonly Builder: BuilderConstructor<B & StructBuilder>;
}

/** Text, Data, AnyPointer or AnyList. */
export interface LeafType<R, B> {
  readonly leaf: 'text' | 'data' | 'anyPointer' | 'anyList';
  /** Only for the compiler: never there. */
  readonly $types?: readonly [R, B];
}

/** A type to read or build at a pointer: a generated struct constant, a list type, or `Text`, `Data`, …. */
export type PointerType<R, B> = StructShape<R, B> | ListType<R, B> | LeafType<R, B>;

/** Text: read and built as a string. */
export const Text: LeafType<string, string> = { leaf: 'text' };
/** Data: read and built as a view. */
export const Data: LeafType<Uint8Array, Uint8Array> = { leaf: 'data' };
/** Anything; also what unbound type parameters are. */
export const AnyPointer: LeafType<AnyPointerReader, AnyPointerBuilder> = { leaf: 'anyPointer' };
/** A list of unknown elements. */
export const AnyList: LeafType<AnyListReader, AnyPointerBuilder> = { leaf: 'anyList' };

/** Parameters of a generic struct that nobody has bound: any number of anything. */
export const UNBOUND: Brand = /* @__PURE__ */ new Array(64).fill(AnyPointer);

/** The description of structs without generated code. */
export const NO_FIELDS: FieldSource = {};

/** What has to be said when an object is made, by what its builder is: nothing, a length, or a string. */
export type InitArgs<B> = B extends string
  ? [text: string]
  : B extends Uint8Array | ListBuilder<unknown>
    ? [length: number]
    : [];

/** What can be copied to where `B` is built: strings, bytes and readers. Also: the reader of the same object. */
export type Settable<B> = B extends string
  ? string
  : B extends Uint8Array
    ? Uint8Array
    : B extends { asReader(): infer R }
      ? R
      : never;
