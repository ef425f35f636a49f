// Checked conversions between JavaScript numbers and the fixed-size scalars of a message.

import { UnsafeIntegerError } from './errors.js';

function refuse(value: unknown, type: string): never {
  if (typeof value !== 'number' && (typeof value !== 'bigint' || !type.endsWith('64'))) {
    throw new TypeError(`${type} needs a number, not ${value === null ? 'null' : typeof value}`);
  }
  throw new RangeError(`${value} does not fit ${type}`);
}

export function i8(v: number): number {
  return (v << 24) >> 24 === v ? v : refuse(v, 'Int8');
}
export function i16(v: number): number {
  return (v << 16) >> 16 === v ? v : refuse(v, 'Int16');
}
export function i32(v: number): number {
  return (v | 0) === v ? v : refuse(v, 'Int32');
}
export function u8(v: number): number {
  return (v & 0xff) === v ? v : refuse(v, 'UInt8');
}
export function u16(v: number): number {
  return (v & 0xffff) === v ? v : refuse(v, 'UInt16');
}
export function u32(v: number): number {
  return v >>> 0 === v ? v : refuse(v, 'UInt32');
}

/** Floats take any number; what is not a number would silently become NaN. */
export function float(v: number): number {
  return typeof v === 'number' ? v : refuse(v, 'a float');
}

const TWO_32 = 4294967296;

/** Writes a UInt64; `mask` is the field's default, which the encoding XORs in. */
export function setUint64(view: DataView, at: number, v: bigint | number, mask = 0n): void {
  if (typeof v === 'number') {
    if (!Number.isSafeInteger(v) || v < 0) refuse(v, 'UInt64');
    if (mask === 0n) {
      view.setUint32(at, v >>> 0, true);
      view.setUint32(at + 4, Math.floor(v / TWO_32), true);
      return;
    }
    view.setBigUint64(at, BigInt(v) ^ mask, true);
    return;
  }
  if (typeof v !== 'bigint' || BigInt.asUintN(64, v) !== v) refuse(v, 'UInt64');
  view.setBigUint64(at, v ^ mask, true);
}

/** Writes an Int64; `mask` is the field's default, which the encoding XORs in. */
export function setInt64(view: DataView, at: number, v: bigint | number, mask = 0n): void {
  if (typeof v === 'number') {
    if (!Number.isSafeInteger(v)) refuse(v, 'Int64');
    if (mask === 0n) {
      view.setUint32(at, v >>> 0, true);
      view.setInt32(at + 4, Math.floor(v / TWO_32), true);
      return;
    }
    view.setBigInt64(at, BigInt(v) ^ mask, true);
    return;
  }
  if (typeof v !== 'bigint' || BigInt.asIntN(64, v) !== v) refuse(v, 'Int64');
  view.setBigInt64(at, v ^ mask, true);
}

/** A UInt64 as a number. @throws RangeError above Number.MAX_SAFE_INTEGER */
export function uint64Number(lo: number, hi: number): number {
  if (hi > 0x1fffff) {
    throw new UnsafeIntegerError('the UInt64 is above Number.MAX_SAFE_INTEGER: read it as a bigint');
  }
  return hi * TWO_32 + lo;
}

/** An Int64 as a number; `hi` is signed. @throws RangeError outside the safe integers */
export function int64Number(lo: number, hi: number): number {
  const n = hi * TWO_32 + lo;
  if (!Number.isSafeInteger(n)) {
    throw new UnsafeIntegerError('the Int64 is outside the safe integers: read it as a bigint');
  }
  return n;
}

const scratch = new DataView(new ArrayBuffer(8));

/** The Float32 with these 32 bits; fields with a default store their bits XORed with the default's. */
export function float32FromBits(bits: number): number {
  scratch.setUint32(0, bits);
  return scratch.getFloat32(0);
}
export function float32ToBits(v: number): number {
  scratch.setFloat32(0, v);
  return scratch.getUint32(0);
}
export function float64FromBits(bits: bigint): number {
  scratch.setBigUint64(0, bits);
  return scratch.getFloat64(0);
}
export function float64ToBits(v: number): bigint {
  scratch.setFloat64(0, v);
  return scratch.getBigUint64(0);
}

/** Writes one bit without touching its neighbours. */
export function setBit(view: DataView, at: number, bit: number, on: boolean): void {
  const byte = view.getUint8(at);
  view.setUint8(at, on ? byte | (1 << bit) : byte & ~(1 << bit));
}

/** For counts given by the caller (list lengths, Data sizes). */
export function count(n: number, what: string): number {
  if (!Number.isSafeInteger(n) || n < 0)
    throw new RangeError(`${what} must be a non-negative integer, not ${n}`);
  return n;
}
