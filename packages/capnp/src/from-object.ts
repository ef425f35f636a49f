// Fills structs from plain objects.

import { type FieldInfo, fieldsOf } from './fields.js';
import type { ListBuilder } from './list-builder.js';
import type { Enumerants, ListType } from './list-type.js';
import {
  DataListBuilder,
  ListListBuilder,
  StructListBuilder,
  TextListBuilder,
} from './pointer-list-builders.js';
import type { PointerType } from './pointer-type.js';
import {
  BoolListBuilder,
  Float32ListBuilder,
  Float64ListBuilder,
  Int64ListBuilder,
  NumericListBuilder,
  UInt64ListBuilder,
  VoidListBuilder,
} from './scalar-list-builders.js';
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
  if (typeof type === 'string') {
    if (type === 'void') {
      if (value !== null) throw new TypeError('Void is null');
      choose();
    } else {
      values[property] = scalar(type, value, how);
    }
  } else if ('enum' in type) {
    values[property] = enumerant(type.enum, value);
  } else if ('group' in type) {
    choose();
    fill(values[property] as StructBuilder, value, how);
  } else {
    setPointerField(builder, field.pointer!, type, value, how);
    choose();
  }
}

function scalar(type: string, value: unknown, how: Conversion): unknown {
  if (type.endsWith('64') && !type.startsWith('float')) return how.int64(value);
  if (type.startsWith('float')) return how.float(value);
  if (type === 'bool' && typeof value !== 'boolean')
    throw new TypeError(`Bool needs a boolean, not ${typeof value}`);
  return value;
}

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
    fillList(builder.$initList(index, type, lengthOf(value)) as ListBuilder<unknown>, type, value, how);
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

function fillList(
  list: ListBuilder<unknown>,
  type: ListType<unknown, unknown>,
  value: unknown,
  how: Conversion,
): void {
  const values = value as ArrayLike<unknown>;
  for (let i = 0; i < values.length; i++) at(`[${i}]`, () => setListElement(list, type, i, values[i], how));
}

function number(
  list: ListBuilder<unknown>,
  type: ListType<unknown, unknown>,
  value: unknown,
  how: Conversion,
): unknown {
  if (type.enumerants !== undefined) return enumerant(type.enumerants, value);
  if (list instanceof Int64ListBuilder || list instanceof UInt64ListBuilder) return how.int64(value);
  if (list instanceof Float32ListBuilder || list instanceof Float64ListBuilder) return how.float(value);
  return value;
}

function setListElement(
  list: ListBuilder<unknown>,
  type: ListType<unknown, unknown>,
  i: number,
  value: unknown,
  how: Conversion,
): void {
  if (list instanceof StructListBuilder) {
    fill(list.at(i), value, how);
  } else if (list instanceof ListListBuilder) {
    if (value === null) return;
    const inner = list.init(i, lengthOf(value)) as ListBuilder<unknown>;
    fillList(inner, type.inner!, value, how);
  } else if (list instanceof TextListBuilder) {
    if (value !== null) list.set(i, value as string);
  } else if (list instanceof DataListBuilder) {
    if (value !== null) list.set(i, how.data(value));
  } else if (list instanceof BoolListBuilder) {
    list.set(i, scalar('bool', value, how) as boolean);
  } else if (list instanceof NumericListBuilder) {
    list.set(i, number(list, type, value, how));
  } else if (list instanceof VoidListBuilder) {
    if (value !== null && value !== undefined) throw new TypeError('Void is null');
  } else {
    throw new TypeError('the elements have no plain form');
  }
}
