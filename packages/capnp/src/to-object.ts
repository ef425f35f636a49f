// Structs as plain objects, for people in a hurry.

import { type FieldInfo, fieldsOf, isSet } from './fields.js';
import { ListReader } from './list-reader.js';
import { StructReader } from './struct-reader.js';

/** The plain object of a reader class: what `toObject` returns. */
export type ObjectOf<R> = R extends { readonly $object: infer O } ? O : never;

/** The plain form of what a pointer of this reader type leads to. */
export type ObjectValue<R> = R extends string | Uint8Array
  ? R
  : R extends { readonly $object: infer O }
    ? O
    : R extends ListReader<infer E>
      ? ObjectValue<E>[]
      : R extends number | bigint | boolean
        ? R
        : null;

/** Exactly one of the members of a union, under its name. */
export type OneOf<M> = {
  [K in keyof M]: { [N in K]: M[N] } & { readonly [N in Exclude<keyof M, K>]?: undefined };
}[keyof M];

/**
 * A copy of everything in a struct that does not depend on the message's memory: numbers, bigints (64-bit
 * integers), strings, Uint8Arrays, arrays and objects. Of a union only the member that is set is there (null
 * for Void; nothing when it comes from a newer schema). Structs whose pointer is null and no default, and
 * everything of type AnyPointer, AnyStruct, AnyList and capabilities, are left out.
 */
export function toObject<R extends StructReader>(reader: R): ObjectOf<R> {
  const out: Record<string, unknown> = {};
  for (const field of fieldsOf(reader)) {
    if (!isSet(reader, field)) continue;
    const value = fieldValue(reader, field);
    if (value !== undefined) out[field.name] = value;
  }
  return out as ObjectOf<R>;
}

function fieldValue(reader: StructReader, field: FieldInfo): unknown {
  if (field.type === 'void') return field.unionValue === undefined ? undefined : null;
  const value = property(reader, field);
  // Null structs are left out, or a struct that can contain itself would have no end.
  if (value instanceof StructReader && field.pointer !== undefined && isAbsent(reader, field, value)) {
    return undefined;
  }
  return plain(value);
}

/** @internal The value of a field through its generated getter. */
export function property(reader: StructReader, field: FieldInfo): unknown {
  return (reader as unknown as Record<string, unknown>)[field.property ?? field.name];
}

/** @internal A struct that is not there, not even as a default. */
export function isAbsent(reader: StructReader, field: FieldInfo, value: StructReader): boolean {
  return !reader.$has(field.pointer!) && value.$dataBytes + value.$pointerCount === 0;
}

function plain(value: unknown): unknown {
  if (value instanceof StructReader) return value.$type.fields === undefined ? undefined : toObject(value);
  if (value instanceof Uint8Array) return value.slice();
  if (value instanceof ListReader) {
    const out: unknown[] = [];
    for (let i = 0; i < value.length; i++) out.push(element(plain(value.at(i))));
    return out;
  }
  return typeof value === 'object' ? undefined : value;
}

/** Elements keep their places: null stands for Void and for what has no plain form. */
function element(value: unknown): unknown {
  return value === undefined ? null : value;
}
