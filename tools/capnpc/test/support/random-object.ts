// Plain objects at random for a generated type, and the JSON that the C++ tool has to make of them.

import type { Brand, FieldInfo } from '@flow-ipc/capnp';
import { below, pick, type Random } from './random-schema.js';

type Plain = Record<string, unknown>;

const INTEGERS: Readonly<Record<string, number>> = {
  int8: 8,
  int16: 16,
  int32: 32,
  uint8: 8,
  uint16: 16,
  uint32: 32,
};

/** How strings are made up; the tool's JSON reader cannot split messages with brackets or quotes in them. */
export interface Style {
  readonly characters: readonly string[];
}

export class RandomObjects {
  readonly #random: Random;
  readonly #style: Style;

  constructor(random: Random, style: Style) {
    this.#random = random;
    this.#style = style;
  }

  /** A value for every field outside pointers; `depth` bounds recursion. */
  struct(fields: readonly FieldInfo[], depth: number): Plain {
    const out: Plain = {};
    const possible = (field: FieldInfo): boolean => depth > 0 || !isRecursive(field.type);
    const members = fields.filter((field) => field.unionValue !== undefined && possible(field));
    const chosen = members.length === 0 ? undefined : pick(this.#random, members);
    for (const field of fields) {
      if (field.unionValue !== undefined && field !== chosen) continue;
      // Null pointers: sometimes because of chance, always to end a recursion.
      if (
        field !== chosen &&
        field.pointer !== undefined &&
        (!possible(field) || below(this.#random, 4) === 0)
      )
        continue;
      if (field.type === 'void' && field.unionValue === undefined) continue;
      out[field.name] = this.#value(field.type, depth);
    }
    return out;
  }

  #value(type: FieldInfo['type'], depth: number): unknown {
    if (typeof type === 'string') return this.#scalar(type);
    if ('enum' in type) return below(this.#random, Object.keys(type.enum).length);
    if ('group' in type) return this.struct(fieldsOf(type.group), depth);
    if ('Reader' in type) return this.struct(fieldsOf(type), depth - 1);
    if ('leaf' in type) return type.leaf === 'text' ? this.#text() : this.#bytes();
    const length = depth > 0 ? below(this.#random, 4) : 0;
    return Array.from({ length }, () => this.#value(type.element, depth - 1));
  }

  #scalar(type: string): unknown {
    const random = this.#random;
    if (type === 'void') return null;
    if (type === 'bool') return below(random, 2) === 1;
    const bits = INTEGERS[type];
    if (bits !== undefined) {
      const raw = below(random, 3) === 0 ? 0 : random() % 2 ** bits;
      return type.startsWith('u') || raw < 2 ** (bits - 1) ? raw : raw - 2 ** bits;
    }
    if (type === 'int64' || type === 'uint64') {
      const raw = below(random, 4) === 0 ? 0n : (BigInt(random()) << 32n) | BigInt(random());
      return type === 'int64' ? BigInt.asIntN(64, raw) : raw;
    }
    const value = pick(random, [0, 1.5, -1, 1e30, random() / 7, Number.NaN, Number.NEGATIVE_INFINITY]);
    return type === 'float32' ? Math.fround(value) : value;
  }

  #text(): string {
    return Array.from({ length: below(this.#random, 12) }, () =>
      pick(this.#random, this.#style.characters),
    ).join('');
  }

  #bytes(): Uint8Array {
    return Uint8Array.from({ length: below(this.#random, 20) }, () => this.#random());
  }
}

/** The fields of a struct type or group, generic or not. */
export function fieldsOf(type: object): readonly FieldInfo[] {
  const described = type as {
    fields(brand: Brand): readonly FieldInfo[];
    readonly Reader: { readonly prototype: { readonly $brand: Brand } };
  };
  return described.fields(described.Reader.prototype.$brand);
}

/** Structs, and lists of them, can contain themselves. */
function isRecursive(type: FieldInfo['type']): boolean {
  if (typeof type === 'string' || 'enum' in type || 'leaf' in type) return false;
  if ('group' in type) return fieldsOf(type.group).some((field) => field.unionValue !== undefined);
  return 'Reader' in type;
}

/** The JSON value that C++ makes of a plain object. */
export function expectedJson(fields: readonly FieldInfo[], value: Plain): Plain {
  const out: Plain = {};
  for (const { name, type, unionValue } of fields) {
    if (type === 'void') {
      if (unionValue === undefined || name in value) out[name] = null;
    } else if (name in value) {
      out[name] = jsonOf(type, value[name]);
    }
  }
  return out;
}

function jsonOf(type: FieldInfo['type'], value: unknown): unknown {
  if (typeof type === 'string') {
    if (typeof value === 'bigint') return value.toString();
    return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
  }
  if ('enum' in type) return Object.entries(type.enum).find(([, n]) => n === value)![0];
  if ('group' in type) return expectedJson(fieldsOf(type.group), value as Plain);
  if ('Reader' in type) return expectedJson(fieldsOf(type), value as Plain);
  if ('elementSize' in type) return (value as unknown[]).map((element) => jsonOf(type.element, element));
  return value instanceof Uint8Array ? Array.from(value) : value;
}
