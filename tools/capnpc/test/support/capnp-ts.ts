// Reads messages with capnp-ts, another implementation, by the positions that the compiler has chosen.

import * as capnp from 'capnp-ts';
import type { Brand, Field, SchemaNode, SlotField, StructNode, Type, Value } from '../../src/schema.js';

type Plain = Record<string, unknown>;
type Struct = capnp.Struct;
type StructClass = new (...args: ConstructorParameters<typeof capnp.Struct>) => Struct;
const { Struct: S } = capnp;

/** What the parameters of a generic struct are bound to where it is read. */
interface Scope {
  readonly brand: Brand;
  readonly outer: Scope | undefined;
}

export class CapnpTsReader {
  readonly #nodes: ReadonlyMap<bigint, SchemaNode>;
  readonly #classes = new Map<bigint, StructClass>();

  constructor(nodes: ReadonlyMap<bigint, SchemaNode>) {
    this.#nodes = nodes;
  }

  /** The JSON value, as C++ would make it, of a framed message whose root is struct `id`. */
  read(frame: Uint8Array, id: bigint): Plain {
    const message = new capnp.Message(frame.slice().buffer, false);
    const root = message.getRoot(this.#class(id) as never) as unknown as Struct;
    return this.#fields(this.#node(id), root, { brand: new Map(), outer: undefined });
  }

  #node(id: bigint): StructNode {
    return this.#nodes.get(id) as StructNode;
  }

  #class(id: bigint): StructClass {
    let Class = this.#classes.get(id);
    if (Class === undefined) {
      const { dataWords, pointerCount, displayName } = this.#node(id);
      const size = new capnp.ObjectSize(dataWords * 8, pointerCount);
      Class = class extends capnp.Struct {
        static override readonly _capnp = { displayName, id: id.toString(16), size };
      } as unknown as StructClass;
      this.#classes.set(id, Class);
    }
    return Class;
  }

  #fields(node: StructNode, struct: Struct, scope: Scope): Plain {
    const out: Plain = {};
    const which = node.discriminantCount > 0 ? S.getUint16(node.discriminantOffset * 2, struct) : -1;
    for (const field of node.fields) {
      if (field.unionValue !== undefined && field.unionValue !== which) continue;
      const value = this.#field(field, struct, scope);
      if (value !== undefined) out[field.name] = value;
    }
    return out;
  }

  #field(field: Field, struct: Struct, scope: Scope): unknown {
    if (field.kind === 'group') return this.#fields(this.#node(field.typeId), struct, scope);
    const type = resolve(field.type, scope);
    if (type.kind === 'void') return null;
    if (['text', 'data', 'list', 'struct'].includes(type.kind)) {
      // Its getters would write a null pointer's default into the message.
      if (capnp.Pointer.isNull(S.getPointer(field.offset, struct))) return undefined;
      return this.#pointer(type, field.offset, struct, scope);
    }
    return this.#scalar(type, field, struct);
  }

  #pointer(type: Type, index: number, struct: Struct, scope: Scope): unknown {
    switch (type.kind) {
      case 'text':
        return S.getText(index, struct);
      case 'data':
        return Array.from(S.getData(index, struct).toUint8Array());
      case 'struct': {
        const target = S.getStruct(index, this.#class(type.id) as never, struct) as unknown as Struct;
        return this.#fields(this.#node(type.id), target, { brand: type.brand, outer: scope });
      }
      default: {
        const { element } = type as Extract<Type, { kind: 'list' }>;
        const list = S.getList(index, this.#listClass(element) as never, struct) as capnp.List<unknown>;
        return this.#list(element, list, scope);
      }
    }
  }

  #list(element: Type, list: capnp.List<unknown>, scope: Scope): unknown[] {
    const out: unknown[] = [];
    for (let i = 0; i < list.getLength(); i++) {
      const value = element.kind === 'void' ? null : list.get(i);
      if (element.kind === 'list') out.push(this.#list(element.element, value as capnp.List<unknown>, scope));
      else if (element.kind === 'struct') {
        const inner = { brand: element.brand, outer: scope };
        out.push(this.#fields(this.#node(element.id), value as Struct, inner));
      } else if (element.kind === 'data') out.push(Array.from((value as capnp.Data).toUint8Array()));
      else if (element.kind === 'enum') out.push(this.#enumerant(element.id, value as number));
      else out.push(jsonOf(value));
    }
    return out;
  }

  #listClass(element: Type): unknown {
    if (element.kind === 'list') return capnp.PointerList(this.#listClass(element.element) as never);
    if (element.kind === 'struct') return capnp.CompositeList(this.#class(element.id) as never);
    return LISTS[element.kind];
  }

  #enumerant(id: bigint, value: number): unknown {
    const node = this.#nodes.get(id);
    return node?.kind === 'enum' ? node.enumerants[value]?.name : undefined;
  }

  #scalar(type: Type, { offset, defaultValue }: SlotField, struct: Struct): unknown {
    switch (type.kind) {
      case 'bool':
        return S.getBit(offset, struct) !== (defaultValue === true);
      case 'int8':
        return S.getInt8(offset, struct) ^ Number(defaultValue ?? 0);
      case 'uint8':
        return S.getUint8(offset, struct) ^ Number(defaultValue ?? 0);
      case 'int16':
        return S.getInt16(offset * 2, struct) ^ Number(defaultValue ?? 0);
      case 'uint16':
        return S.getUint16(offset * 2, struct) ^ Number(defaultValue ?? 0);
      case 'enum':
        return this.#enumerant(type.id, S.getUint16(offset * 2, struct) ^ Number(defaultValue ?? 0));
      case 'int32':
        return S.getInt32(offset * 4, struct) ^ Number(defaultValue ?? 0);
      case 'uint32':
        return (S.getUint32(offset * 4, struct) ^ Number(defaultValue ?? 0)) >>> 0;
      case 'int64':
        return (S.getInt64(offset * 8, struct) ^ BigInt((defaultValue ?? 0n) as bigint)).toString();
      case 'uint64':
        return (S.getUint64(offset * 8, struct) ^ BigInt((defaultValue ?? 0n) as bigint)).toString();
      case 'float32':
        return jsonOf(S.getFloat32(offset * 4, struct, mask(defaultValue, 4)));
      default:
        return jsonOf(S.getFloat64(offset * 8, struct, mask(defaultValue, 8)));
    }
  }
}

/** A type parameter as it is bound, however far outside. */
function resolve(type: Type, scope: Scope | undefined): Type {
  if (type.kind !== 'parameter' || scope === undefined) return type;
  const bindings = scope.brand.get(type.scopeId);
  if (bindings === 'inherit' || bindings === undefined) return resolve(type, scope.outer);
  return resolve(bindings[type.index]!, scope.outer);
}

function mask(value: Value, bytes: number): DataView | undefined {
  const { bits } = (value ?? { bits: 0n }) as { bits: bigint };
  if (bits === 0n) return undefined;
  const view = new DataView(new ArrayBuffer(bytes));
  if (bytes === 4) view.setUint32(0, Number(bits), true);
  else view.setBigUint64(0, bits, true);
  return view;
}

function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

const LISTS: Partial<Record<Type['kind'], unknown>> = {
  void: capnp.VoidList,
  bool: capnp.BoolList,
  int8: capnp.Int8List,
  int16: capnp.Int16List,
  int32: capnp.Int32List,
  int64: capnp.Int64List,
  uint8: capnp.Uint8List,
  uint16: capnp.Uint16List,
  uint32: capnp.Uint32List,
  uint64: capnp.Uint64List,
  float32: capnp.Float32List,
  float64: capnp.Float64List,
  enum: capnp.Uint16List,
  text: capnp.TextList,
  data: capnp.DataList,
};
