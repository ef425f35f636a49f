// Readers of lists of numbers, booleans and nothing.

import { checkIndex, ListReader } from './list-reader.js';
import { int64Number, uint64Number } from './numbers.js';
import { type TypedArray, type TypedArrayConstructor, typedCopy, typedView } from './typed-array.js';

export class VoidListReader extends ListReader<undefined> {
  at(i: number): undefined {
    checkIndex(i, this.length);
    return undefined;
  }
}

export class BoolListReader extends ListReader<boolean> {
  at(i: number): boolean {
    checkIndex(i, this.length);
    const bit = i * this.$stepBits;
    return ((this.$view.getUint8(this.$start + Math.floor(bit / 8)) >>> (bit % 8)) & 1) === 1;
  }
}

/** A list that has an equivalent typed array. */
export abstract class NumericListReader<T, A extends TypedArray> extends ListReader<T> {
  /** @internal */
  abstract get $array(): TypedArrayConstructor<A>;

  /**
   * The elements as a typed array: a view of the message when the elements lie packed and aligned (lists of
   * this very type, in segments aligned to 8 bytes), otherwise a copy. Do not write to it.
   */
  toTypedArray(): A {
    return (
      typedView(this.$array, this.$segment, this.$start, this.length, this.$stepBits) ??
      typedCopy(this.$array, this.length, (i) => this.at(i) as A[number])
    );
  }
}

export class Int8ListReader extends NumericListReader<number, Int8Array> {
  at(i: number): number {
    return this.$view.getInt8(this.$at(i));
  }
  get $array() {
    return Int8Array;
  }
}

export class Int16ListReader extends NumericListReader<number, Int16Array> {
  at(i: number): number {
    return this.$view.getInt16(this.$at(i), true);
  }
  get $array() {
    return Int16Array;
  }
}

export class Int32ListReader extends NumericListReader<number, Int32Array> {
  at(i: number): number {
    return this.$view.getInt32(this.$at(i), true);
  }
  get $array() {
    return Int32Array;
  }
}

export class Int64ListReader extends NumericListReader<bigint, BigInt64Array> {
  at(i: number): bigint {
    return this.$view.getBigInt64(this.$at(i), true);
  }
  /** @throws RangeError when it is not a safe integer */
  numberAt(i: number): number {
    const at = this.$at(i);
    return int64Number(this.$view.getUint32(at, true), this.$view.getInt32(at + 4, true));
  }
  get $array() {
    return BigInt64Array;
  }
}

export class UInt8ListReader extends NumericListReader<number, Uint8Array> {
  at(i: number): number {
    return this.$view.getUint8(this.$at(i));
  }
  get $array() {
    return Uint8Array;
  }
}

export class UInt16ListReader extends NumericListReader<number, Uint16Array> {
  at(i: number): number {
    return this.$view.getUint16(this.$at(i), true);
  }
  get $array() {
    return Uint16Array;
  }
}

/** Enumerants as numbers; a number that the schema does not name comes from a newer schema. */
export class EnumListReader<E extends number> extends NumericListReader<E, Uint16Array> {
  at(i: number): E {
    return this.$view.getUint16(this.$at(i), true) as E;
  }
  get $array() {
    return Uint16Array;
  }
}

export class UInt32ListReader extends NumericListReader<number, Uint32Array> {
  at(i: number): number {
    return this.$view.getUint32(this.$at(i), true);
  }
  get $array() {
    return Uint32Array;
  }
}

export class UInt64ListReader extends NumericListReader<bigint, BigUint64Array> {
  at(i: number): bigint {
    return this.$view.getBigUint64(this.$at(i), true);
  }
  /** @throws RangeError when it is above Number.MAX_SAFE_INTEGER */
  numberAt(i: number): number {
    const at = this.$at(i);
    return uint64Number(this.$view.getUint32(at, true), this.$view.getUint32(at + 4, true));
  }
  get $array() {
    return BigUint64Array;
  }
}

export class Float32ListReader extends NumericListReader<number, Float32Array> {
  at(i: number): number {
    return this.$view.getFloat32(this.$at(i), true);
  }
  get $array() {
    return Float32Array;
  }
}

export class Float64ListReader extends NumericListReader<number, Float64Array> {
  at(i: number): number {
    return this.$view.getFloat64(this.$at(i), true);
  }
  get $array() {
    return Float64Array;
  }
}
