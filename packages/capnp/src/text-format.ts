// Structs in Cap'n Proto's text format, whole or as a short text for logs.

import { CapnpError } from './errors.js';
import { enumerantName, type FieldInfo, fieldsOf, isSet } from './fields.js';
import { ListReader } from './list-reader.js';
import type { Enumerants, ListType } from './list-type.js';
import { StructReader } from './struct-reader.js';
import { property } from './to-object.js';

/** Thrown to end the walk when the text is long enough. */
class Full extends Error {}

type Put = (text: string) => void;

/** How Data is shown. */
type Bytes = (data: Uint8Array) => string;

/**
 * A struct in the text format of `capnp decode`, on one line: `(name = "x", numbers = [1, 2])`. Null pointers and
 * members of unions that are not set are left out. The C++ tool reads it back, but for what it cannot read from
 * itself: -0, -inf, the least Int64, AnyPointers (shown as `<opaque pointer>`), enumerants of a newer schema.
 * @throws CapnpError for damaged messages
 */
export function toText(reader: StructReader): string {
  let out = '';
  new Printer(
    (text) => {
      out += text;
    },
    literal,
    false,
  ).struct(reader);
  return out;
}

/**
 * As `toText`, cut to `limit` characters (default 256), with the sizes of Data instead of their bytes. Parts that
 * cannot be read are shown as `!` and their error code: never throws for damaged messages.
 */
export function summary(reader: StructReader, limit = 256): string {
  let out = '';
  const put = (text: string): void => {
    out += text;
    if (out.length >= limit) throw new Full();
  };
  try {
    new Printer(put, (data) => `<${data.length} bytes>`, true).struct(reader);
  } catch (error) {
    if (!(error instanceof Full)) throw error;
  }
  return out.length > limit ? `${out.slice(0, limit - 1)}…` : out;
}

class Printer {
  readonly #put: Put;
  readonly #bytes: Bytes;
  readonly #showErrors: boolean;

  constructor(put: Put, bytes: Bytes, showErrors: boolean) {
    this.#put = put;
    this.#bytes = bytes;
    this.#showErrors = showErrors;
  }

  struct(reader: StructReader): void {
    this.#put('(');
    let first = true;
    for (const field of fieldsOf(reader)) {
      if (!isSet(reader, field)) continue;
      if (field.pointer !== undefined && !reader.$has(field.pointer)) continue;
      if (field.type === 'void' && field.unionValue === undefined) continue;
      this.#put(`${first ? '' : ', '}${field.name} = `);
      first = false;
      this.#field(reader, field);
    }
    this.#put(')');
  }

  #field(reader: StructReader, field: FieldInfo): void {
    if (field.type === 'void') this.#put('void');
    else
      this.#value(
        this.#read(() => property(reader, field)),
        field.type,
      );
  }

  /** What `read` returns, or the error it ends in when errors are to be shown. */
  #read(read: () => unknown): unknown {
    if (!this.#showErrors) return read();
    try {
      return read();
    } catch (error) {
      if (CapnpError.is(error)) return error;
      throw error;
    }
  }

  #value(value: unknown, type: FieldInfo['type']): void {
    if (value instanceof ListReader) {
      this.#list(value, (type as ListType<unknown, unknown>).element);
    } else if (value instanceof StructReader) {
      if (value.$type.fields === undefined) this.#put('<opaque struct>');
      else this.struct(value);
    } else if (value instanceof Uint8Array) {
      this.#put(this.#bytes(value));
    } else if (value === undefined) {
      this.#put('void');
    } else if (typeof value === 'number') {
      this.#put(typeof type === 'object' && 'enum' in type ? enumText(type.enum, value) : numberText(value));
    } else if (CapnpError.is(value)) {
      this.#put(`!${value.code}`);
    } else if (typeof value === 'object') {
      this.#put('<opaque pointer>');
    } else {
      this.#put(typeof value === 'string' ? quoted(value) : String(value));
    }
  }

  #list(list: ListReader<unknown>, element: FieldInfo['type']): void {
    this.#put('[');
    for (let i = 0; i < list.length; i++) {
      if (i > 0) this.#put(', ');
      this.#value(
        this.#read(() => list.at(i)),
        element,
      );
    }
    this.#put(']');
  }
}

/** Data as a literal of the schema language, which has no empty one of this form. */
function literal(data: Uint8Array): string {
  if (data.length === 0) return '""';
  return `0x"${Buffer.from(data.buffer, data.byteOffset, data.length).toString('hex')}"`;
}

function enumText(enumerants: Enumerants, value: number): string {
  return enumerantName(enumerants, value) ?? `(${value})`;
}

function numberText(value: number): string {
  // A float with more digits than integers have must not look like one.
  if (Number.isInteger(value) && Math.abs(value) > Number.MAX_SAFE_INTEGER) return value.toExponential();
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

/** A string literal of the schema language, whose escapes are fewer than JavaScript's. */
function quoted(text: string): string {
  const escaped = text.replace(/["\\]/g, '\\$&').replace(/\p{Cc}/gu, (control) => {
    const code = control.charCodeAt(0);
    if (code > 0x7f) return control;
    return ESCAPES.get(control) ?? `\\x${code.toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}

const ESCAPES = new Map([
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);
