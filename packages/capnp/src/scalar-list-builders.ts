// Builders of lists of numbers, booleans and nothing.

import { ListBuilder } from './list-builder.js';
import { checkIndex } from './list-reader.js';
import { float, i8, i16, i32, setBit, setInt64, setUint64, u8, u16, u32 } from './numbers.js';
import type * as r from './scalar-list-readers.js';
import { type TypedArray, type TypedArrayConstructor, typedCopy, typedView } from './typed-array.js';

export class VoidListBuilder extends ListBuilder<undefined, r.VoidListReader> {
  at(i: number): undefined {
    checkIndex(i, this.length);
    return undefined;
  }
}

export class BoolListBuilder extends ListBuilder<boolean, r.BoolListReader> {
  at(i: number): boolean {
    checkIndex(i, this.length);
    const bit = i * this.$stepBits;
    return ((this.$view.getUint8(this.$start + Math.floor(bit / 8)) >>> (bit % 8)) & 1) === 1;
  }
  set(i: number, value: boolean): void {
    checkIndex(i, this.length);
    const bit = i * this.$stepBits;
    setBit(this.$view, this.$start + Math.floor(bit / 8), bit % 8, value);
  }
}

/** A list that has an equivalent typed array. */
export abstract class NumericListBuilder<T, A extends TypedArray, R = unknown> extends ListBuilder<T, R> {
  /** @internal */
  abstract get $array(): TypedArrayConstructor<A>;

  /** @throws RangeError when the index is outside the list or the value does not fit */
  abstract set(i: number, value: T | number): void;

  /**
   * The elements as a typed array: a view through which the message can be filled, except on a big-endian
   * machine or in a segment that is not aligned to 8 bytes, where it is a copy.
   */
  toTypedArray(): A {
    return (
      typedView(this.$array, this.$segment, this.$start, this.length, this.$stepBits) ??
      typedCopy(this.$array, this.length, (i) => this.at(i) as A[number])
    );
  }

  /** Sets all elements; `values` must have exactly `length` of them. */
  setAll(values: ArrayLike<T | number>): void {
    if (values.length !== this.length) {
      throw new RangeError(`${values.length} values for a list of ${this.length}`);
    }
    for (let i = 0; i < this.length; i++) this.set(i, values[i]!);
  }
}

export class Int8ListBuilder extends NumericListBuilder<number, Int8Array, r.Int8ListReader> {
  at(i: number): number {
    return this.$view.getInt8(this.$at(i));
  }
  set(i: number, value: number): void {
    this.$view.setInt8(this.$at(i), i8(value));
  }
  get $array() {
    return Int8Array;
  }
}

export class Int16ListBuilder extends NumericListBuilder<number, Int16Array, r.Int16ListReader> {
  at(i: number): number {
    return this.$view.getInt16(this.$at(i), true);
  }
  set(i: number, value: number): void {
    this.$view.setInt16(this.$at(i), i16(value), true);
  }
  get $array() {
    return Int16Array;
  }
}

export class Int32ListBuilder extends NumericListBuilder<number, Int32Array, r.Int32ListReader> {
  at(i: number): number {
    return this.$view.getInt32(this.$at(i), true);
  }
  set(i: number, value: number): void {
    this.$view.setInt32(this.$at(i), i32(value), true);
  }
  get $array() {
    return Int32Array;
  }
}

export class Int64ListBuilder extends NumericListBuilder<bigint, BigInt64Array, r.Int64ListReader> {
  at(i: number): bigint {
    return this.$view.getBigInt64(this.$at(i), true);
  }
  set(i: number, value: bigint | number): void {
    setInt64(this.$view, this.$at(i), value);
  }
  get $array() {
    return BigInt64Array;
  }
}

export class UInt8ListBuilder extends NumericListBuilder<number, Uint8Array, r.UInt8ListReader> {
  at(i: number): number {
    return this.$view.getUint8(this.$at(i));
  }
  set(i: number, value: number): void {
    this.$view.setUint8(this.$at(i), u8(value));
  }
  get $array() {
    return Uint8Array;
  }
}

export class UInt16ListBuilder extends NumericListBuilder<number, Uint16Array, r.UInt16ListReader> {
  at(i: number): number {
    return this.$view.getUint16(this.$at(i), true);
  }
  set(i: number, value: number): void {
    this.$view.setUint16(this.$at(i), u16(value), true);
  }
  get $array() {
    return Uint16Array;
  }
}

export class EnumListBuilder<E extends number> extends NumericListBuilder<
  E,
  Uint16Array,
  r.EnumListReader<E>
> {
  at(i: number): E {
    return this.$view.getUint16(this.$at(i), true) as E;
  }
  set(i: number, value: number): void {
    this.$view.setUint16(this.$at(i), u16(value), true);
  }
  get $array() {
    return Uint16Array;
  }
}

export class UInt32ListBuilder extends NumericListBuilder<number, Uint32Array, r.UInt32ListReader> {
  at(i: number): number {
    return this.$view.getUint32(this.$at(i), true);
  }
  set(i: number, value: number): void {
    this.$view.setUint32(this.$at(i), u32(value), true);
  }
  get $array() {
    return Uint32Array;
  }
}

export class UInt64ListBuilder extends NumericListBuilder<bigint, BigUint64Array, r.UInt64ListReader> {
  at(i: number): bigint {
    return this.$view.getBigUint64(this.$at(i), true);
  }
  set(i: number, value: bigint | number): void {
    setUint64(this.$view, this.$at(i), value);
  }
  get $array() {
    return BigUint64Array;
  }
}

export class Float32ListBuilder extends NumericListBuilder<number, Float32Array, r.Float32ListReader> {
  at(i: number): number {
    return this.$view.getFloat32(this.$at(i), true);
  }
  set(i: number, value: number): void {
    this.$view.setFloat32(this.$at(i), float(value), true);
  }
  get $array() {
    return Float32Array;
  }
}

export class Float64ListBuilder extends NumericListBuilder<number, Float64Array, r.Float64ListReader> {
  at(i: number): number {
    return this.$view.getFloat64(this.$at(i), true);
  }
  set(i: number, value: number): void {
    this.$view.setFloat64(this.$at(i), float(value), true);
  }
  get $array() {
    return Float64Array;
  }
}
