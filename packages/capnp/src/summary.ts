// A short text of a struct for logs and diagnostics.

import { CapnpError } from './errors.js';
import { ListReader } from './list-reader.js';
import { StructReader } from './struct-reader.js';

/** Thrown to end the walk when the text is long enough. */
class Full extends Error {}

/**
 * What a struct holds, in the manner of Cap'n Proto's text format, cut to `limit` characters (default 256).
 * Null pointers and members of unions that are not set are left out; parts that cannot be read are shown as
 * `!` and their error code. Never throws for damaged messages.
 */
export function summary(reader: StructReader, limit = 256): string {
  let out = '';
  const put = (text: string): void => {
    out += text;
    if (out.length >= limit) throw new Full();
  };
  try {
    putStruct(reader, put);
  } catch (error) {
    if (!(error instanceof Full)) throw error;
  }
  return out.length > limit ? `${out.slice(0, limit - 1)}…` : out;
}

type Put = (text: string) => void;

function putStruct(reader: StructReader, put: Put): void {
  put('(');
  let first = true;
  for (const name of fieldNames(reader)) {
    const value = attempt(() => (reader as unknown as Record<string, unknown>)[name]);
    if (value === undefined || !isPresent(reader, name)) continue;
    put(`${first ? '' : ', '}${name} = `);
    first = false;
    putValue(value, put);
  }
  put(')');
}

function putValue(value: unknown, put: Put): void {
  if (value instanceof StructReader) {
    putStruct(value, put);
  } else if (value instanceof ListReader) {
    put('[');
    for (let i = 0; i < value.length; i++) {
      if (i > 0) put(', ');
      putValue(
        attempt(() => value.at(i) as unknown),
        put,
      );
    }
    put(']');
  } else if (value instanceof Uint8Array) {
    put(`<${value.length} bytes>`);
  } else if (value instanceof CapnpError) {
    put(`!${value.code}`);
  } else {
    put(typeof value === 'string' ? JSON.stringify(value) : String(value));
  }
}

/** The value, or the error that reading it ends in; undefined for union members that are not set. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CapnpError)) return undefined; // a number getter: the bigint is shown
    return error.code === 'ERR_FLOW_IPC_CAPNP_WRONG_UNION_MEMBER' ? undefined : error;
  }
}

function isPresent(reader: StructReader, name: string): boolean {
  const has = (reader as unknown as Record<string, unknown>)[`has${name[0]!.toUpperCase()}${name.slice(1)}`];
  return typeof has !== 'function' || has.call(reader) === true;
}

/** Getters of the generated class, without the ones that show a field a second time. */
function fieldNames(reader: StructReader): string[] {
  const getters = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(reader)))
    .filter(([, descriptor]) => descriptor.get !== undefined)
    .map(([name]) => name);
  const all = new Set(getters);
  return getters.filter((name) => {
    if (name === 'which' || name === 'whichIndex') return false;
    return !all.has(name.replace(/(?:Number|Bytes)$/, '')) || !/(?:Number|Bytes)$/.test(name);
  });
}
