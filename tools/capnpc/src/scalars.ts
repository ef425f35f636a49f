// Expressions that read and write scalar fields: one DataView access each, defaults XORed in.

import type { Scalar, SlotField, Value } from './schema.js';

type DataScalar = Exclude<Scalar, 'void'> | 'enum';

const BITS: Record<DataScalar, number> = {
  bool: 1,
  int8: 8,
  uint8: 8,
  int16: 16,
  uint16: 16,
  enum: 16,
  int32: 32,
  uint32: 32,
  float32: 32,
  int64: 64,
  uint64: 64,
  float64: 64,
};

const INTEGER: Partial<Record<DataScalar, { access: string; check: string; littleEndian: string }>> = {
  int8: { access: 'Int8', check: 'i8', littleEndian: '' },
  uint8: { access: 'Uint8', check: 'u8', littleEndian: '' },
  int16: { access: 'Int16', check: 'i16', littleEndian: ', true' },
  uint16: { access: 'Uint16', check: 'u16', littleEndian: ', true' },
  enum: { access: 'Uint16', check: 'u16', littleEndian: ', true' },
  int32: { access: 'Int32', check: 'i32', littleEndian: ', true' },
  uint32: { access: 'Uint32', check: 'u32', littleEndian: ', true' },
};

/** Where a scalar lies in the data section. */
export interface Place {
  readonly byte: number;
  /** Bit within the byte; 0 except for Bool. */
  readonly bit: number;
  /** Bytes of data section that must exist for the field to exist. */
  readonly end: number;
}

export function place(kind: DataScalar, offset: number): Place {
  const bits = BITS[kind];
  const first = offset * bits;
  return { byte: Math.floor(first / 8), bit: first % 8, end: Math.ceil((first + bits) / 8) };
}

function position(byte: number): string {
  return byte === 0 ? 'this.$data' : `this.$data + ${byte}`;
}

export function tsType(kind: DataScalar): string {
  if (kind === 'bool') return 'boolean';
  return kind === 'int64' || kind === 'uint64' ? 'bigint' : 'number';
}

/** The stored value of a field that is present. */
export function getter(kind: DataScalar, at: Place, value: Value): string {
  const pos = position(at.byte);
  if (kind === 'bool') {
    const bit = at.bit === 0 ? `this.$view.getUint8(${pos})` : `(this.$view.getUint8(${pos}) >>> ${at.bit})`;
    return `(${bit} & 1) === ${value === true ? 0 : 1}`;
  }
  if (kind === 'int64' || kind === 'uint64') {
    const read = `this.$view.getBig${kind === 'int64' ? 'Int' : 'Uint'}64(${pos}, true)`;
    return isZero(value) ? read : `${read} ^ ${bigint(value)}`;
  }
  if (kind === 'float32') {
    if (isZero(value)) return `this.$view.getFloat32(${pos}, true)`;
    return `$.float32FromBits(this.$view.getUint32(${pos}, true) ^ ${hex(bitsOf(value))})`;
  }
  if (kind === 'float64') {
    if (isZero(value)) return `this.$view.getFloat64(${pos}, true)`;
    return `$.float64FromBits(this.$view.getBigUint64(${pos}, true) ^ ${hex(bitsOf(value))}n)`;
  }
  const { access, littleEndian } = INTEGER[kind]!;
  const read = `this.$view.get${access}(${pos}${littleEndian})`;
  if (isZero(value)) return read;
  return kind === 'uint32' ? `(${read} ^ ${value}) >>> 0` : `${read} ^ ${value}`;
}

/** The statement that stores `value` (the setter's parameter). */
export function setter(kind: DataScalar, at: Place, value: Value): string {
  const pos = position(at.byte);
  if (kind === 'bool') {
    return `$.setBit(this.$view, ${pos}, ${at.bit}, ${value === true ? '!value' : 'value'});`;
  }
  if (kind === 'int64' || kind === 'uint64') {
    const mask = isZero(value) ? '' : `, ${bigint(value)}`;
    return `$.set${kind === 'int64' ? 'Int' : 'Uint'}64(this.$view, ${pos}, value${mask});`;
  }
  if (kind === 'float32') {
    if (isZero(value)) return `this.$view.setFloat32(${pos}, $.float(value), true);`;
    return `this.$view.setUint32(${pos}, $.float32ToBits(value) ^ ${hex(bitsOf(value))}, true);`;
  }
  if (kind === 'float64') {
    if (isZero(value)) return `this.$view.setFloat64(${pos}, $.float(value), true);`;
    return `this.$view.setBigUint64(${pos}, $.float64ToBits(value) ^ ${hex(bitsOf(value))}n, true);`;
  }
  const { access, check, littleEndian } = INTEGER[kind]!;
  const mask = isZero(value) ? '' : ` ^ ${value}`;
  return `this.$view.set${access}(${pos}, $.${check}(value)${mask}${littleEndian});`;
}

/** Reads a 64-bit integer as a number without making a bigint. */
export function numberGetter(kind: 'int64' | 'uint64', at: Place, value: Value): string {
  const mask = BigInt.asUintN(64, isZero(value) ? 0n : (value as bigint));
  const lo = Number(mask & 0xffffffffn);
  const hi = Number(mask >> 32n);
  const readLo = `this.$view.getUint32(${position(at.byte)}, true)`;
  const readHi = `this.$view.get${kind === 'int64' ? 'Int' : 'Uint'}32(${position(at.byte + 4)}, true)`;
  const maskedLo = lo === 0 ? readLo : `(${readLo} ^ ${hex(BigInt(lo))}) >>> 0`;
  const maskedHi = hi === 0 ? readHi : `${readHi} ^ ${hex(BigInt(hi))}`;
  const unsignedHi = hi !== 0 && kind === 'uint64' ? `(${maskedHi}) >>> 0` : maskedHi;
  return `$.${kind === 'int64' ? 'int64' : 'uint64'}Number(${maskedLo}, ${unsignedHi})`;
}

/** A scalar as a TypeScript literal. */
export function literal(kind: Scalar | 'enum', value: Value): string {
  if (kind === 'void') return 'undefined';
  if (kind === 'bool') return String(value === true);
  if (kind === 'int64' || kind === 'uint64') return bigint(value ?? 0n);
  if (kind === 'float32' || kind === 'float64') return float(kind, value);
  return String(value ?? 0);
}

/** The default as the number getter returns it, which throws like any other value that is not safe. */
export function numberLiteral(kind: 'int64' | 'uint64', value: Value): string {
  const exact = BigInt((value ?? 0n) as bigint);
  const number = Number(exact);
  if (Number.isSafeInteger(number)) return String(number);
  return `$.${kind}Number(${hex(exact & 0xffffffffn)}, ${exact >> 32n})`;
}

function float(kind: 'float32' | 'float64', value: Value): string {
  if (typeof value !== 'object' || !('number' in value)) return '0';
  const { number, bits } = value;
  if (Number.isFinite(number)) return Object.is(number, -0) ? '-0' : String(number);
  return kind === 'float32' ? `$.float32FromBits(${hex(bits)})` : `$.float64FromBits(${hex(bits)}n)`;
}

/** Statement that zeroes a field's bits, which makes it read as its default. */
export function wipe(kind: DataScalar, at: Place): string {
  const pos = position(at.byte);
  switch (BITS[kind]) {
    case 1:
      return `$.setBit(this.$view, ${pos}, ${at.bit}, false);`;
    case 8:
      return `this.$view.setUint8(${pos}, 0);`;
    case 16:
      return `this.$view.setUint16(${pos}, 0, true);`;
    case 32:
      return `this.$view.setUint32(${pos}, 0, true);`;
    default:
      return `$.setUint64(this.$view, ${pos}, 0);`;
  }
}

function isZero(value: Value): boolean {
  if (value === undefined || value === 0 || value === 0n || value === false) return true;
  return typeof value === 'object' && 'bits' in value && value.bits === 0n;
}

function bitsOf(value: Value): bigint {
  return (value as { bits: bigint }).bits;
}

function bigint(value: Value): string {
  return `${value as bigint}n`;
}

function hex(bits: bigint): string {
  return `0x${bits.toString(16)}`;
}

/** The scalar kind of a field, or undefined for pointers and Void. */
export function dataKind(field: SlotField): DataScalar | undefined {
  const { kind } = field.type;
  return kind === 'enum' || (kind !== 'void' && kind in BITS) ? (kind as DataScalar) : undefined;
}
