// What generated code tells about fields, for code that handles structs of any type.

import type { ElementType, Enumerants } from './list-type.js';
import type { PointerType } from './pointer-type.js';
import type { StructBuilder } from './struct-builder.js';
import type { StructReader } from './struct-reader.js';
import type { BuilderConstructor, ReaderConstructor, UnionInfo } from './struct-type.js';

/** Type parameters of a generic struct, as they are bound. */
export type Brand = readonly PointerType<unknown, unknown>[];

/** A group: fields of a struct under a name of their own. */
export interface GroupType<R extends StructReader = StructReader, B extends StructBuilder = StructBuilder> {
  readonly Reader: ReaderConstructor<R>;
  readonly Builder: BuilderConstructor<B>;
  readonly union?: UnionInfo;
  fields(brand: Brand): readonly FieldInfo[];
}

export interface FieldInfo {
  /** In the schema. */
  readonly name: string;
  /** Of the generated accessors, when it is another one. */
  readonly property?: string;
  readonly type: ElementType | { readonly group: GroupType };
  /** For pointers: which one. */
  readonly pointer?: number;
  /** For members of the union: the discriminant's value. */
  readonly unionValue?: number;
}

/** What `$type` of a generated class leads to. */
export interface FieldSource {
  readonly name?: string;
  readonly union?: UnionInfo;
  fields?(brand: Brand): readonly FieldInfo[];
}

const cache = new WeakMap<object, readonly FieldInfo[]>();

/** The fields of a generated class, in the order of the schema. @throws TypeError for untyped structs */
export function fieldsOf(struct: StructReader | StructBuilder): readonly FieldInfo[] {
  const key = struct.constructor;
  let fields = cache.get(key);
  if (fields === undefined) {
    const type = struct.$type;
    if (type.fields === undefined) throw new TypeError(`${key.name} knows no fields: generate its code anew`);
    fields = type.fields(struct.$brand);
    cache.set(key, fields);
  }
  return fields;
}

/** True for fields outside the union, and for the member that is set. */
export function isSet(struct: StructReader, field: FieldInfo): boolean {
  if (field.unionValue === undefined) return true;
  return struct.$tag(struct.$type.union!.discriminantOffset * 2) === field.unionValue;
}

const names = new WeakMap<Enumerants, ReadonlyMap<number, string>>();

/** Name of an enumerant; undefined when it is one of a newer schema. */
export function enumerantName(enumerants: Enumerants, value: number): string | undefined {
  let map = names.get(enumerants);
  if (map === undefined) {
    map = new Map(Object.entries(enumerants).map(([name, n]) => [n, name]));
    names.set(enumerants, map);
  }
  return map.get(value);
}
