// Fills structs from plain objects.

import { type FieldInfo, fieldsOf } from './fields.js';
import type { ElementType, Enumerants, ListType, ScalarName } from './list-type.js';
import type { PointerType } from './pointer-type.js';
import type { StructBuilder } from './struct-builder.js';
import type { ObjectOf } from './to-object.js';

/** What `fromObject` takes for a plain object `T`: any part of it, numbers for bigints, any kind of array. */
export type Input<T> = T extends bigint
  ? bigint | number
  : T extends string | number | boolean | null | undefined | Uint8Array
    ? T
    : T extends readonly (infer E)[]
      ? readonly Input<E>[]
      : { readonly [K in keyof T]?: Input<T[K]> | undefined };

/** The plain object that a builder class can be filled from. */
export type InputOf<B> = B extends { asReader(): infer R } ? Input<ObjectOf<R>> : never;

/**
 * Sets the fields that `value` has, as `toObject` names them; the others stay as they are. Lists, Text and Data
 * are made anew, structs are filled where they are. A key of a union makes that member the one that is set.
 * Enums may also be given by name.
 * @throws TypeError for unknown keys and wrong types, RangeError for numbers that do not fit; with the path
 */
export function fromObject<B extends StructBuilder>(builder: B, value: InputOf<B>): void {
  fill(builder, value, PLAIN);
}

/** @internal How leaves of a plain object are converted; JSON has others. */
export interface Conversion {
  int64(value: unknown): unknown;
  float(value: unknown): unknown;
  data(value: unknown): Uint8Array;
}

const PLAIN: Conversion = {
  int64: (value) => value,
  float: (value) => value,
  data: (value) => value as Uint8Array,
};

/** @internal */
export function fill(builder: StructBuilder, value: unknown, how: Conversion): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw new TypeError('a struct is filled from an object');
  }
  const fields = fieldsOf(builder);
  for (const [key, part] of Object.entries(value)) {
    if (part === undefined) continue;
    at(`.${key}`, () => {
      const field = fields.find(({ name }) => name === key);
      if (field === undefined) throw new TypeError('there is no such field');
      setField(builder, field, part, how);
    });
  }
}

/** Runs `action`; errors say where they happened. */
function at(place: string, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      error.message = error.message.startsWith('in ')
        ? `in ${place}${error.message.slice(3)}`
        : `in ${place}: ${error.message}`;
    }
    throw error;
  }
}

function setField(builder: StructBuilder, field: FieldInfo, value: unknown, how: Conversion): void {
  const { type, unionValue } = field;
  const values = builder as unknown as Record<string, unknown>;
  const property = field.property ?? field.name;
  const choose = (): void => {
    if (unionValue === undefined) return;
    builder.$choose(builder.$type.union!.discriminantOffset * 2, unionValue);
  };
  if (typeof type === 'object' && 'group' in type) {
    choose();
    fill(values[property] as StructBuilder, value, how);
  } else if (typeof type === 'object' && !('enum' in type)) {
    setPointerField(builder, field.pointer!, type, value, how);
    choose();
  } else {
    const converted = scalar(type, value, how);
    if (type === 'void') choose();
    else values[property] = converted;
  }
}

/** A value as the setter of a scalar takes it. */
function scalar(type: ScalarType, value: unknown, how: Conversion): unknown {
  if (typeof type === 'object') return enumerant(type.enum, value);
  switch (type) {
    case 'void':
      if (value !== null && value !== undefined) throw new TypeError('Void is null');
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw new TypeError(`Bool needs a boolean, not ${typeof value}`);
      return value;
    case 'int64':
    case 'uint64':
      return how.int64(value);
    case 'float32':
    case 'float64':
      return how.float(value);
    default:
      return value;
  }
}

type ScalarType = ScalarName | { readonly enum: Enumerants };

function enumerant(enumerants: Enumerants, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const found = Object.hasOwn(enumerants, value) ? enumerants[value] : undefined;
  if (found === undefined) throw new TypeError(`there is no enumerant "${value}"`);
  return found;
}

function setPointerField(
  builder: StructBuilder,
  index: number,
  type: PointerType<unknown, unknown>,
  value: unknown,
  how: Conversion,
): void {
  if (value === null) {
    builder.$clear(index);
  } else if ('Reader' in type) {
    fill(builder.$struct(index, type), value, how);
  } else if ('elementSize' in type) {
    fillList(builder.$initList(index, type, lengthOf(value)), type, value, how);
  } else if (type.leaf === 'text') {
    builder.$setText(index, value as string);
  } else if (type.leaf === 'data') {
    builder.$setBytes(index, how.data(value));
  } else {
    throw new TypeError(`${type.leaf} has no plain form`);
  }
}

function lengthOf(value: unknown): number {
  if (!Array.isArray(value) && !ArrayBuffer.isView(value))
    throw new TypeError('a list is filled from an array');
  return (value as ArrayLike<unknown>).length;
}

function fillList(list: unknown, type: ListType<unknown, unknown>, value: unknown, how: Conversion): void {
  const values = value as ArrayLike<unknown>;
  for (let i = 0; i < values.length; i++) {
    at(`[${i}]`, () => setElement(list as AnyListBuilder, type.element, i, values[i], how));
  }
}

/** What list builders have, each some of it. */
interface AnyListBuilder {
  at(i: number): unknown;
  set(i: number, value: unknown): void;
  init(i: number, length: number): unknown;
}

function setElement(
  list: AnyListBuilder,
  type: ElementType,
  i: number,
  value: unknown,
  how: Conversion,
): void {
  if (typeof type === 'string' || 'enum' in type) {
    const converted = scalar(type, value, how);
    if (type !== 'void') list.set(i, converted);
  } else if ('Reader' in type) {
    fill(list.at(i) as StructBuilder, value, how);
  } else if (value === null) {
    // Elements that are pointers are null to begin with.
  } else if ('elementSize' in type) {
    fillList(list.init(i, lengthOf(value)), type, value, how);
  } else if (type.leaf === 'text') {
    list.set(i, value);
  } else if (type.leaf === 'data') {
    list.set(i, how.data(value));
  } else {
    throw new TypeError('the elements have no plain form');
  }
}
