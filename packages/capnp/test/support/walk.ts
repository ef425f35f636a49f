// Visits everything that can be reached through the public accessors of a reader.

import {
  AnyListReader,
  AnyPointerList,
  AnyPointerReader,
  AnyStruct,
  AnyStructReader,
  CapnpError,
  Data,
  ListReader,
  StructReader,
  structList,
  UnsafeIntegerError,
} from '@flow-ipc/capnp';

export interface WalkResult {
  /** Values and objects looked at. */
  visited: number;
  /** Codes of the errors met. */
  readonly codes: Set<string>;
}

interface Accessors {
  readonly getters: readonly string[];
  /** For members of the union: the discriminant, by getter. */
  readonly unionValues: ReadonlyMap<string, number>;
  /** Getters of structs, and the methods that tell whether they are there. */
  readonly structs: ReadonlyMap<string, string>;
}

const ACCESSORS = new Map<object, Accessors>();

/** Names that a generated class adds to its base. */
function accessors(reader: StructReader): Accessors {
  const prototype = Object.getPrototypeOf(reader) as object;
  let found = ACCESSORS.get(prototype);
  if (found === undefined) {
    // Bound generic structs add nothing to the class that was generated.
    const generated = Object.hasOwn(prototype, '$type') ? prototype : Object.getPrototypeOf(prototype);
    const all = Object.entries(Object.getOwnPropertyDescriptors(generated));
    const getters = all.filter(([name, d]) => d.get !== undefined && name[0] !== '$').map(([name]) => name);
    const unionValues = new Map<string, number>();
    const structs = new Map<string, string>();
    for (const { name, property = name, unionValue, type } of reader.$type.fields!(reader.$brand)) {
      for (const getter of [property, `${property}Number`, `${property}Bytes`]) {
        if (unionValue !== undefined) unionValues.set(getter, unionValue);
      }
      if (typeof type === 'object' && 'Reader' in type)
        structs.set(property, `has${name[0]!.toUpperCase()}${name.slice(1)}`);
    }
    found = { getters, unionValues, structs };
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
  if (reader instanceof AnyStructReader) {
    for (let i = 0; i < reader.pointerCount; i++) walkPointer(reader.pointer(i), result);
    walkValue(reader.data, result);
    return;
  }
  const { getters, unionValues, structs } = accessors(reader);
  const members = reader as unknown as Record<string, unknown>;
  const which = members.whichIndex;
  for (const getter of getters) {
    const unionValue = unionValues.get(getter);
    if (unionValue !== undefined && unionValue !== which) continue;
    const has = structs.get(getter);
    // A null struct's default would be without end.
    if (has !== undefined && !(members[has] as () => boolean).call(reader)) continue;
    result.visited++;
    let value: unknown;
    try {
      value = members[getter];
    } catch (error) {
      // The one documented RangeError of wire data: a 64-bit integer that is no safe number.
      if (error instanceof UnsafeIntegerError) continue;
      note(error, result);
      continue;
    }
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
  } else if (value instanceof AnyPointerReader) {
    walkPointer(value, result);
  } else if (value instanceof AnyListReader) {
    attempt(() => value.elementSize.length + value.length, result);
  } else if (value instanceof Uint8Array && value.length > 0) {
    if (value[0] === undefined || value[value.length - 1] === undefined)
      throw new Error('view out of bounds');
  }
}

/** Tries an untyped pointer as everything that it might be. */
function walkPointer(pointer: AnyPointerReader, result: WalkResult): void {
  let kind = 'null';
  attempt(() => {
    kind = pointer.kind;
  }, result);
  if (kind === 'null') return;
  for (const type of kind === 'struct' ? [AnyStruct] : [structList(AnyStruct), AnyPointerList, Data]) {
    attempt(() => walkValue(pointer.as<unknown>(type), result), result);
  }
}

function attempt(action: () => void, result: WalkResult): void {
  try {
    action();
  } catch (error) {
    note(error, result);
  }
}

function note(error: unknown, result: WalkResult): void {
  if (!(error instanceof CapnpError)) throw error;
  result.codes.add(error.code);
  if (error.code === 'ERR_FLOW_IPC_CAPNP_AMPLIFICATION') throw error;
}
