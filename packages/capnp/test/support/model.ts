// A small description of schema types for tests: from it come random plain values, and the ways to write
// such a value with a builder, read it back with a reader, and say it in the JSON of the `capnp` tool.

import type { StructType } from '@flow-ipc/capnp';
import fc from 'fast-check';

export type ScalarKind =
  | 'Void'
  | 'Bool'
  | 'Int8'
  | 'Int16'
  | 'Int32'
  | 'Int64'
  | 'UInt8'
  | 'UInt16'
  | 'UInt32'
  | 'UInt64'
  | 'Float32'
  | 'Float64';

export type Model =
  | { readonly kind: 'scalar'; readonly scalar: ScalarKind }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'text' }
  | { readonly kind: 'data' }
  | { readonly kind: 'list'; readonly of: Model }
  | StructModel
  | { readonly kind: 'group'; readonly fields: Fields; readonly union: Fields | undefined };

type Fields = Readonly<Record<string, Model | (() => Model)>>;

export interface StructModel {
  readonly kind: 'struct';
  readonly type: StructType;
  readonly fields: Fields;
  readonly union: Fields | undefined;
}

/** A struct's or group's value: fields by name; `$which` names the union member, whose value is `$value`. */
export interface Plain {
  [name: string]: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: generated classes are addressed by field name here
type Loose = any;

export const scalar = (kind: ScalarKind): Model => ({ kind: 'scalar', scalar: kind });
export const text: Model = { kind: 'text' };
export const data: Model = { kind: 'data' };
export const list = (of: Model): Model => ({ kind: 'list', of });
export const enumOf = (values: Readonly<Record<string, number>>): Model => ({
  kind: 'enum',
  names: Object.keys(values),
});
export const struct = (type: StructType, fields: Fields, union?: Fields): StructModel => ({
  kind: 'struct',
  type,
  fields,
  union,
});
export const group = (fields: Fields, union?: Fields): Model => ({ kind: 'group', fields, union });

function resolve(model: Model | (() => Model)): Model {
  return typeof model === 'function' ? model() : model;
}

export function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

// Random values -----------------------------------------------------------------------------------------

const SCALARS: Record<ScalarKind, fc.Arbitrary<unknown>> = {
  Void: fc.constant(undefined),
  Bool: fc.boolean(),
  Int8: fc.integer({ min: -128, max: 127 }),
  Int16: fc.integer({ min: -32768, max: 32767 }),
  Int32: fc.integer(),
  Int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  UInt8: fc.integer({ min: 0, max: 255 }),
  UInt16: fc.integer({ min: 0, max: 65535 }),
  UInt32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  UInt64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  Float32: fc.float(),
  Float64: fc.double(),
};

/** Random values; `depth` bounds recursion. Pointer fields may be absent (null). */
export function arbitrary(model: Model, depth = 3): fc.Arbitrary<unknown> {
  switch (model.kind) {
    case 'scalar':
      return SCALARS[model.scalar];
    case 'enum':
      return fc.integer({ min: 0, max: model.names.length - 1 });
    case 'text':
      return fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: 'grapheme', maxLength: 20 }));
    case 'data':
      return fc.uint8Array({ maxLength: 40 });
    case 'list':
      return depth > 0 ? fc.array(arbitrary(model.of, depth - 1), { maxLength: 5 }) : fc.constant([]);
    default:
      return arbitraryFields(model.fields, model.union, depth);
  }
}

function isPointer(model: Model): boolean {
  return model.kind === 'text' || model.kind === 'data' || model.kind === 'list' || model.kind === 'struct';
}

function arbitraryFields(fields: Fields, union: Fields | undefined, depth: number): fc.Arbitrary<Plain> {
  const parts: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, lazy] of Object.entries(fields)) {
    const model = resolve(lazy);
    if (model.kind === 'struct' && depth <= 0) continue;
    const value = arbitrary(model, isPointer(model) ? depth - 1 : depth);
    parts[name] = isPointer(model) ? fc.option(value, { nil: undefined, freq: 3 }) : value;
  }
  if (union === undefined) return fc.record(parts);
  const members = Object.entries(union)
    .filter(([, lazy]) => depth > 0 || resolve(lazy).kind !== 'struct')
    .map(([name, lazy]) =>
      arbitrary(resolve(lazy), depth - 1).map((value) => ({ $which: name, $value: value })),
    );
  return fc.tuple(fc.record(parts), fc.oneof(...members)).map(([plain, member]) => ({ ...plain, ...member }));
}

// Writing -----------------------------------------------------------------------------------------------

/** Writes fields in the order of the value's keys. */
export function write(builder: Loose, model: StructModel | (Model & { kind: 'group' }), value: Plain): void {
  for (const [name, part] of Object.entries(value)) {
    if (name.startsWith('$') || part === undefined) continue;
    writeField(builder, name, resolve(model.fields[name]!), part, false);
  }
  if (typeof value.$which === 'string') {
    writeField(builder, value.$which, resolve(model.union![value.$which]!), value.$value, true);
  }
}

function writeField(builder: Loose, name: string, model: Model, value: unknown, inUnion: boolean): void {
  switch (model.kind) {
    case 'scalar':
      if (model.scalar !== 'Void') builder[name] = value;
      else if (inUnion) builder[`set${capital(name)}`]();
      return;
    case 'enum':
    case 'text':
    case 'data':
      builder[name] = value;
      return;
    case 'list':
      writeList(builder[`init${capital(name)}`]((value as unknown[]).length), model.of, value as unknown[]);
      return;
    case 'struct':
      write(builder[`init${capital(name)}`](), model, value as Plain);
      return;
    default:
      write(inUnion ? builder[`init${capital(name)}`]() : builder[name], model, value as Plain);
  }
}

function writeList(builder: Loose, of: Model, values: unknown[]): void {
  values.forEach((value, i) => {
    if (of.kind === 'list')
      writeList(builder.init(i, (value as unknown[]).length), of.of, value as unknown[]);
    else if (of.kind === 'struct') write(builder.at(i), of, value as Plain);
    else if (of.kind !== 'scalar' || of.scalar !== 'Void') builder.set(i, value);
  });
}

// Reading -----------------------------------------------------------------------------------------------

/** Reads everything back; null pointers become undefined. Works on readers and on builders. */
export function read(reader: Loose, model: StructModel | (Model & { kind: 'group' })): Plain {
  const out: Plain = {};
  for (const [name, lazy] of Object.entries(model.fields)) {
    const part = readField(reader, name, resolve(lazy));
    if (part !== undefined) out[name] = part;
  }
  if (model.union !== undefined) {
    const which: string = reader.which;
    out.$which = which;
    out.$value = readField(reader, which, resolve(model.union[which]!));
  }
  return out;
}

function readField(reader: Loose, name: string, model: Model): unknown {
  if (model.kind === 'scalar' && model.scalar === 'Void') return undefined;
  if (isPointer(model) && !reader[`has${capital(name)}`]()) return undefined;
  return readValue(reader[name], model);
}

function readValue(value: Loose, model: Model): unknown {
  switch (model.kind) {
    case 'list':
      return value.toArray().map((item: unknown) => readValue(item, model.of));
    case 'struct':
    case 'group':
      return read(value, model);
    case 'data':
      return value.slice();
    default:
      return value;
  }
}

/** Drops what `read` cannot see: absent fields. */
export function normal(value: unknown): unknown {
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(normal);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, part]) => part !== undefined || name === '$value')
      .map(([name, part]) => [name, normal(part)]),
  );
}

// JSON --------------------------------------------------------------------------------------------------

/** The value as `capnp convert binary:json` prints it. */
export function toJson(value: unknown, model: Model): unknown {
  switch (model.kind) {
    case 'scalar':
      if (model.scalar === 'Void') return null;
      if (typeof value === 'bigint') return String(value);
      if (typeof value === 'number' && !Number.isFinite(value)) {
        return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
      }
      return value;
    case 'enum':
      return model.names[value as number];
    case 'data':
      return [...(value as Uint8Array)];
    case 'list':
      return (value as unknown[]).map((item) => toJson(item, model.of));
    case 'text':
      return value;
    default: {
      const out: Plain = {};
      const plain = value as Plain;
      for (const [name, lazy] of Object.entries(model.fields)) {
        const part = resolve(lazy);
        if (plain[name] !== undefined || (part.kind === 'scalar' && part.scalar === 'Void')) {
          out[name] = toJson(plain[name], part);
        }
      }
      if (typeof plain.$which === 'string') {
        out[plain.$which] = toJson(plain.$value, resolve(model.union![plain.$which]!));
      }
      return out;
    }
  }
}
