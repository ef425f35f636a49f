// Typed arrays over, or copied from, lists of numbers.

import type { Segment } from './segment.js';

export type TypedArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

export interface TypedArrayConstructor<A extends TypedArray> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): A;
  new (length: number): A;
}

/** A view when elements are packed and aligned and the machine has the wire's byte order, else undefined. */
export function typedView<A extends TypedArray>(
  Type: TypedArrayConstructor<A>,
  segment: Segment,
  start: number,
  length: number,
  stepBits: number,
): A | undefined {
  const size = Type.BYTES_PER_ELEMENT;
  if (length === 0) return new Type(0);
  if (stepBits !== size * 8 || !LITTLE_ENDIAN) return undefined;
  const { buffer, byteOffset } = segment.slice(start, length * size);
  return byteOffset % size === 0 ? new Type(buffer, byteOffset, length) : undefined;
}

export function typedCopy<A extends TypedArray>(
  Type: TypedArrayConstructor<A>,
  length: number,
  at: (i: number) => A[number],
): A {
  const out = new Type(length);
  for (let i = 0; i < length; i++) out[i] = at(i);
  return out;
}

const LITTLE_ENDIAN = /* @__PURE__ */ new Uint8Array(/* @__PURE__ */ Uint16Array.of(1).buffer)[0] === 1;
