// Visits everything that can be reached through the public accessors of a reader.

import { CapnpError, ListReader, StructReader } from '@flow-ipc/capnp';

export interface WalkResult {
  /** Values and objects looked at. */
  visited: number;
  /** Codes of the errors met. */
  readonly codes: Set<string>;
}

const ACCESSORS = new Map<object, { getters: string[]; methods: string[] }>();

/** Names that a generated class adds to its base. */
function accessors(reader: StructReader): { getters: string[]; methods: string[] } {
  const prototype = Object.getPrototypeOf(reader) as object;
  let found = ACCESSORS.get(prototype);
  if (found === undefined) {
    const all = Object.entries(Object.getOwnPropertyDescriptors(prototype));
    found = {
      getters: all.filter(([, d]) => d.get !== undefined).map(([name]) => name),
      methods: all.filter(([name]) => name.startsWith('has')).map(([name]) => name),
    };
    ACCESSORS.set(prototype, found);
  }
  return found;
}

/**
 * Walks all of it. Coded errors are counted and walked around, except that exhaustion of the budget ends
 * the walk. Anything else that is thrown is a defect and is passed on.
 */
export function walk(root: StructReader): WalkResult {
  const result: WalkResult = { visited: 0, codes: new Set() };
  try {
    walkStruct(root, result);
  } catch (error) {
    if (!(error instanceof CapnpError)) throw error;
    result.codes.add(error.code);
  }
  return result;
}

function walkStruct(reader: StructReader, result: WalkResult): void {
  result.visited++;
  const { getters, methods } = accessors(reader);
  const members = reader as unknown as Record<string, unknown>;
  const absent = new Set<string>();
  for (const method of methods) {
    if (!(members[method] as () => boolean).call(reader)) absent.add(method.slice(3).toLowerCase());
  }
  for (const getter of getters) {
    result.visited++;
    let value: unknown;
    try {
      value = members[getter];
    } catch (error) {
      // The one documented RangeError of wire data: a 64-bit integer that is no safe number.
      if (error instanceof RangeError && getter.endsWith('Number')) continue;
      note(error, result);
      continue;
    }
    if (value instanceof StructReader && absent.has(getter.toLowerCase())) continue; // defaults recurse forever
    walkValue(value, result);
  }
}

function walkValue(value: unknown, result: WalkResult): void {
  if (value instanceof StructReader) {
    walkStruct(value, result);
  } else if (value instanceof ListReader) {
    for (let i = 0; i < value.length; i++) {
      result.visited++;
      let item: unknown;
      try {
        item = value.at(i);
      } catch (error) {
        note(error, result);
        continue;
      }
      walkValue(item, result);
    }
  } else if (value instanceof Uint8Array && value.length > 0) {
    if (value[0] === undefined || value[value.length - 1] === undefined)
      throw new Error('view out of bounds');
  }
}

function note(error: unknown, result: WalkResult): void {
  if (!(error instanceof CapnpError)) throw error;
  result.codes.add(error.code);
  if (error.code === 'ERR_FLOW_IPC_CAPNP_AMPLIFICATION') throw error;
}
