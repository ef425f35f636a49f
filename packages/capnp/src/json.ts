// Structs as JSON, in the manner of Cap'n Proto's own JSON codec.

import { CapnpError } from './errors.js';
import { enumerantName, type FieldInfo, fieldsOf, isSet } from './fields.js';
import { type Conversion, fill } from './from-object.js';
import { ListReader } from './list-reader.js';
import type { ListType } from './list-type.js';
import type { StructBuilder } from './struct-builder.js';
import { StructReader } from './struct-reader.js';
import { property } from './to-object.js';

/**
 * A struct as JSON text. 64-bit integers are strings, Data are arrays of numbers, enums are names (numbers when
 * of a newer schema), Void is null, NaN and infinities are strings; of a union the member that is set is there;
 * null pointers, even with defaults, and what has no type (AnyPointer) are left out. `indent` as for JSON.stringify.
 */
export function toJson(reader: StructReader, indent?: number): string {
  return JSON.stringify(structToJson(reader), undefined, indent);
}

function structToJson(reader: StructReader): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const field of fieldsOf(reader)) {
    if (!isSet(reader, field)) continue;
    const value = fieldToJson(reader, field);
    if (value !== undefined) out[field.name] = value;
  }
  return out;
}

function fieldToJson(reader: StructReader, field: FieldInfo): unknown {
  const { type, pointer } = field;
  if (type === 'void') return null;
  if (pointer !== undefined && !reader.$has(pointer)) return undefined;
  return toJsonValue(property(reader, field), type);
}

function toJsonValue(value: unknown, type: FieldInfo['type']): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') {
    if (typeof type === 'object' && 'enum' in type) return enumerantName(type.enum, value) ?? value;
    return Number.isFinite(value) ? value : String(value);
  }
  if (value instanceof StructReader)
    return value.$type.fields === undefined ? undefined : structToJson(value);
  if (value instanceof Uint8Array) return Array.from(value);
  if (value instanceof ListReader) {
    const { element } = type as ListType<unknown, unknown>;
    const out: unknown[] = [];
    for (let i = 0; i < value.length; i++) out.push(toJsonValue(value.at(i), element) ?? null);
    return out;
  }
  return typeof value === 'object' ? undefined : value;
}

const FROM_JSON: Conversion = {
  int64(value) {
    if (typeof value !== 'string') return value;
    if (!/^-?\d{1,20}$/.test(value)) throw new TypeError(`not an integer: ${value.slice(0, 40)}`);
    return BigInt(value);
  },
  float(value) {
    if (value === null) return Number.NaN;
    if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
    return value;
  },
  data(value) {
    if (!Array.isArray(value)) throw new TypeError('Data is an array of numbers');
    return Uint8Array.from(value, (byte) => {
      if (typeof byte !== 'number' || (byte & 0xff) !== byte)
        throw new RangeError('Data has numbers from 0 to 255');
      return byte;
    });
  },
};

/**
 * Fills a struct from JSON as `toJson` writes it; 64-bit integers may be numbers as well.
 * @throws CapnpError BAD_JSON, with the place, when it is no JSON or does not fit the type; what came before is set
 */
export function fromJson(builder: StructBuilder, text: string): void {
  try {
    fill(builder, JSON.parse(text), FROM_JSON);
  } catch (error) {
    if (CapnpError.is(error)) throw error;
    if (!(error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError))
      throw error;
    throw new CapnpError(
      'ERR_FLOW_IPC_CAPNP_BAD_JSON',
      `${builder.$type.name ?? 'the struct'}: ${error.message}`,
    );
  }
}
