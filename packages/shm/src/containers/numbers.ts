// Numbers, bigints and booleans in shared memory, each with its own size; also as keys and in typed arrays.
import type { SharedMemory } from '../shared-memory.js';
import { mix } from './hash.js';
import type { Home } from './home.js';
import { DirectType, type KeyType } from './type.js';

export type NumericArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** Over a buffer from its start, so many elements. */
export type ArrayMaker<A extends NumericArray> = new (buffer: ArrayBuffer, at: number, length: number) => A;

/** A type whose arrays and vectors hand out typed arrays. */
export interface NumericType<
  V extends number | bigint = number | bigint,
  A extends NumericArray = NumericArray,
> extends KeyType<V> {
  readonly array: ArrayMaker<A>;
}

interface Recipe<V extends number | bigint, A extends NumericArray> {
  readonly name: string;
  readonly size: 1 | 2 | 4 | 8;
  readonly array: ArrayMaker<A>;
  readonly get: (home: Home, at: number) => V;
  readonly set: (memory: SharedMemory, at: number, value: V) => void;
  /** Undefined: right. Else what it should have been. */
  readonly wrong: (value: V) => string | undefined;
  readonly hash: (value: V) => number;
  /** What storing makes of a value, where that is not the same. */
  readonly stored?: (value: V) => V;
}

class Numeric<V extends number | bigint, A extends NumericArray>
  extends DirectType<V>
  implements NumericType<V, A>
{
  readonly name: string;
  readonly size: 1 | 2 | 4 | 8;
  readonly align: 1 | 2 | 4 | 8;
  readonly array: ArrayMaker<A>;
  readonly get: (home: Home, at: number) => V;
  readonly #recipe: Recipe<V, A>;
  #key: V | undefined;

  constructor(recipe: Recipe<V, A>) {
    super();
    this.name = recipe.name;
    this.size = recipe.size;
    this.align = recipe.size;
    this.array = recipe.array;
    this.get = recipe.get;
    this.#recipe = recipe;
  }

  write(home: Home, at: number, value: V): void {
    this.#check(value);
    this.#recipe.set(home.memory, at, value);
  }

  prepare(key: V): number {
    this.#check(key);
    this.#key = this.#recipe.stored?.(key) ?? key;
    return this.#recipe.hash(this.#key);
  }

  matches(home: Home, at: number): boolean {
    const stored = this.get(home, at);
    // As in a Map: NaN is one key, and so are 0 and -0.
    return stored === this.#key || Object.is(stored, this.#key);
  }

  #check(value: V): void {
    const wrong = this.#recipe.wrong(value);
    if (wrong === undefined) return;
    const message = `${String(value)} is not ${wrong}, which ${this.name} wants`;
    throw typeof value === 'number' || typeof value === 'bigint'
      ? new RangeError(message)
      : new TypeError(message);
  }
}

const integer = (low: number, high: number) => (value: number) =>
  Number.isInteger(value) && value >= low && value <= high ? undefined : `an integer from ${low} to ${high}`;
const big = (low: bigint, high: bigint) => (value: bigint) =>
  typeof value === 'bigint' && value >= low && value <= high ? undefined : `a bigint from ${low} to ${high}`;
const anyNumber = (value: number) => (typeof value === 'number' ? undefined : 'a number');

const hashInteger = (value: number) => mix(value | 0);
const hashBig = (value: bigint) =>
  mix(Number(BigInt.asIntN(32, value)) ^ mix(Number(BigInt.asIntN(32, value >> 32n))));
const float = new DataView(new ArrayBuffer(8));
/** NaNs differ in bits, and zeroes in sign, but are one key each. */
function hashFloat(value: number): number {
  float.setFloat64(0, Number.isNaN(value) ? Number.NaN : value, true);
  return value === 0 ? mix(0) : mix(float.getInt32(0, true) ^ mix(float.getInt32(4, true)));
}

const M63 = 2n ** 63n;

export const i8: NumericType<number, Int8Array> = new Numeric({
  name: 'i8',
  size: 1,
  array: Int8Array,
  get: (home, at) => home.memory.i8(at),
  set: (m, at, v) => m.setU8(at, v),
  wrong: integer(-128, 127),
  hash: hashInteger,
});
export const u8: NumericType<number, Uint8Array> = new Numeric({
  name: 'u8',
  size: 1,
  array: Uint8Array,
  get: (home, at) => home.memory.u8(at),
  set: (m, at, v) => m.setU8(at, v),
  wrong: integer(0, 255),
  hash: hashInteger,
});
export const i16: NumericType<number, Int16Array> = new Numeric({
  name: 'i16',
  size: 2,
  array: Int16Array,
  get: (home, at) => home.memory.i16(at),
  set: (m, at, v) => m.setU16(at, v),
  wrong: integer(-32768, 32767),
  hash: hashInteger,
});
export const u16: NumericType<number, Uint16Array> = new Numeric({
  name: 'u16',
  size: 2,
  array: Uint16Array,
  get: (home, at) => home.memory.u16(at),
  set: (m, at, v) => m.setU16(at, v),
  wrong: integer(0, 65535),
  hash: hashInteger,
});
export const i32: NumericType<number, Int32Array> = new Numeric({
  name: 'i32',
  size: 4,
  array: Int32Array,
  get: (home, at) => home.memory.i32(at),
  set: (m, at, v) => m.setU32(at, v),
  wrong: integer(-(2 ** 31), 2 ** 31 - 1),
  hash: hashInteger,
});
export const u32: NumericType<number, Uint32Array> = new Numeric({
  name: 'u32',
  size: 4,
  array: Uint32Array,
  get: (home, at) => home.memory.u32(at),
  set: (m, at, v) => m.setU32(at, v),
  wrong: integer(0, 2 ** 32 - 1),
  hash: hashInteger,
});
export const i64: NumericType<bigint, BigInt64Array> = new Numeric({
  name: 'i64',
  size: 8,
  array: BigInt64Array,
  get: (home, at) => home.memory.i64(at),
  set: (m, at, v) => m.setU64(at, v),
  wrong: big(-M63, M63 - 1n),
  hash: hashBig,
});
export const u64: NumericType<bigint, BigUint64Array> = new Numeric({
  name: 'u64',
  size: 8,
  array: BigUint64Array,
  get: (home, at) => home.memory.u64(at),
  set: (m, at, v) => m.setU64(at, v),
  wrong: big(0n, 2n * M63 - 1n),
  hash: hashBig,
});
/** As a key, a number is what is left of it in 32 bits. */
export const f32: NumericType<number, Float32Array> = new Numeric({
  name: 'f32',
  size: 4,
  array: Float32Array,
  get: (home, at) => home.memory.f32(at),
  set: (m, at, v) => m.setF32(at, v),
  stored: Math.fround,
  wrong: anyNumber,
  hash: hashFloat,
});
export const f64: NumericType<number, Float64Array> = new Numeric({
  name: 'f64',
  size: 8,
  array: Float64Array,
  get: (home, at) => home.memory.f64(at),
  set: (m, at, v) => m.setF64(at, v),
  wrong: anyNumber,
  hash: hashFloat,
});

class Bool extends DirectType<boolean> implements KeyType<boolean> {
  readonly name = 'bool';
  readonly size = 1;
  readonly align = 1;
  #key = false;

  get(home: Home, at: number): boolean {
    return home.memory.u8(at) !== 0;
  }

  write(home: Home, at: number, value: boolean): void {
    if (typeof value !== 'boolean') throw new TypeError(`${String(value)} is not a boolean`);
    home.memory.setU8(at, value ? 1 : 0);
  }

  prepare(key: boolean): number {
    if (typeof key !== 'boolean') throw new TypeError(`${String(key)} is not a boolean`);
    this.#key = key;
    return mix(key ? 1 : 0);
  }

  matches(home: Home, at: number): boolean {
    return this.get(home, at) === this.#key;
  }
}

/** One byte: 0 is false, 1 (or anything else) is true. */
export const bool: KeyType<boolean> = new Bool();
