// Annotations as they are shown in generated doc comments: `$unit("seconds")`.

import {
  type AnyPointerReader,
  BoolList,
  Data,
  DataList,
  Float32List,
  Float64List,
  Int8List,
  Int16List,
  Int32List,
  Int64List,
  type ListReader,
  type ListType,
  listOf,
  structList,
  Text,
  TextList,
  UInt8List,
  UInt16List,
  UInt32List,
  UInt64List,
  VoidList,
} from '@flow-ipc/capnp';
import { RAW, RawStruct } from './raw-struct.js';
import { place } from './scalars.js';
import type { EnumNode, Field, SchemaNode, SlotField, StructNode, Type } from './schema.js';

type Nodes = ReadonlyMap<bigint, SchemaNode>;

/** Doc text with a line for each annotation; `annotations` are the compiler's Annotation structs. */
export function withAnnotations(doc: string, annotations: readonly RawStruct[], nodes: Nodes): string {
  const lines = annotations.flatMap((annotation) => {
    const node = nodes.get(annotation.u64(0));
    if (node?.kind !== 'annotation') return [];
    const name = node.displayName.slice(node.displayName.lastIndexOf(':') + 1);
    return [`\`$${name}${argument(node.type, annotation.struct(0), nodes)}\``];
  });
  if (lines.length === 0) return doc;
  return [...(doc.trimEnd() === '' ? [] : [doc.trimEnd(), '']), ...lines].join('\n');
}

function argument(type: Type, value: RawStruct, nodes: Nodes): string {
  if (type.kind === 'void') return '';
  const text = valueText(type, value, nodes);
  return text.startsWith('(') ? text : `(${text})`;
}

/** A Value of the compiler, whose pointers are in its only pointer field. */
function valueText(type: Type, value: RawStruct, nodes: Nodes): string {
  if (isPointer(type)) return pointerText(type, value.any(0), nodes);
  // Scalars of a Value lie at the first place of their size behind the discriminant.
  const offset = { 1: 16, 8: 2, 16: 1, 32: 1, 64: 1 }[bitsOf(type)] ?? 0;
  return scalarText(type, value, offset, nodes, undefined);
}

function isPointer({ kind }: Type): boolean {
  return kind === 'text' || kind === 'data' || kind === 'list' || kind === 'struct';
}

function pointerText(type: Type, pointer: AnyPointerReader, nodes: Nodes): string {
  switch (type.kind) {
    case 'text':
      return JSON.stringify(pointer.as(Text));
    case 'data':
      return `0x"${Buffer.from(pointer.as(Data)).toString('hex')}"`;
    case 'list': {
      const list = pointer.as(listType(type.element) as ListType<ListReader<unknown>, unknown>);
      return `[${list
        .toArray()
        .map((element) => elementText(type.element, element, nodes))
        .join(', ')}]`;
    }
    case 'struct':
      return structText(type.id, pointer.as(RAW), nodes);
    default:
      return '…';
  }
}

function elementText(type: Type, value: unknown, nodes: Nodes): string {
  if (value instanceof RawStruct && type.kind === 'struct') return structText(type.id, value, nodes);
  if (type.kind === 'enum') return enumText(type.id, Number(value), nodes);
  if (type.kind === 'list') {
    const inner = [...(value as ListReader<unknown>)];
    return `[${inner.map((element) => elementText(type.element, element, nodes)).join(', ')}]`;
  }
  if (value instanceof Uint8Array) return `0x"${Buffer.from(value).toString('hex')}"`;
  if (value === undefined) return 'void';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function structText(id: bigint, struct: RawStruct, nodes: Nodes): string {
  const node = nodes.get(id) as StructNode;
  const parts = node.fields.flatMap((field) => {
    if (field.unionValue !== undefined && struct.u16(node.discriminantOffset * 2) !== field.unionValue)
      return [];
    const text = fieldText(field, struct, nodes);
    return text === undefined ? [] : [`${field.name} = ${text}`];
  });
  return `(${parts.join(', ')})`;
}

function fieldText(field: Field, struct: RawStruct, nodes: Nodes): string | undefined {
  if (field.kind === 'group') return structText(field.typeId, struct, nodes);
  const { type, offset } = field;
  if (!isPointer(type)) {
    if (type.kind === 'void' && field.unionValue === undefined) return undefined;
    return scalarText(type, struct, offset, nodes, field);
  }
  const pointer = struct.any(offset);
  return pointer.isNull ? undefined : pointerText(type, pointer, nodes);
}

function bitsOf({ kind }: Type): number {
  if (kind === 'bool') return 1;
  if (kind === 'enum') return 16;
  return Number(/\d+$/.exec(kind)?.[0] ?? 0);
}

function scalarText(
  type: Type,
  struct: RawStruct,
  offset: number,
  nodes: Nodes,
  field: SlotField | undefined,
): string {
  if (type.kind === 'void') return 'void';
  const bits = bitsOf(type);
  if (bits === 0) return '…';
  const { byte, bit } = place(type.kind as Parameters<typeof place>[0], offset);
  const fallback = field?.defaultValue;
  const mask =
    typeof fallback === 'object' && 'bits' in fallback
      ? fallback.bits
      : BigInt((fallback ?? 0) as number | bigint);
  const stored = bits === 1 ? BigInt(struct.bit(byte, bit)) : struct.u64At(byte, bits);
  const raw = stored ^ BigInt.asUintN(bits, mask);
  if (type.kind === 'bool') return raw === 1n ? 'true' : 'false';
  if (type.kind === 'enum') return enumText(type.id, Number(raw), nodes);
  if (type.kind.startsWith('float')) return floatText(raw, bits);
  return String(type.kind.startsWith('int') ? BigInt.asIntN(bits, raw) : raw);
}

function floatText(raw: bigint, bits: number): string {
  const view = new DataView(new ArrayBuffer(8));
  if (bits === 32) view.setUint32(0, Number(raw));
  else view.setBigUint64(0, raw);
  return String(bits === 32 ? view.getFloat32(0) : view.getFloat64(0));
}

function enumText(id: bigint, value: number, nodes: Nodes): string {
  return (nodes.get(id) as EnumNode).enumerants[value]?.name ?? String(value);
}

const LISTS: Partial<Record<Type['kind'], ListType<unknown, unknown>>> = {
  void: VoidList,
  bool: BoolList,
  int8: Int8List,
  int16: Int16List,
  int32: Int32List,
  int64: Int64List,
  uint8: UInt8List,
  uint16: UInt16List,
  uint32: UInt32List,
  uint64: UInt64List,
  float32: Float32List,
  float64: Float64List,
  enum: UInt16List,
  text: TextList,
  data: DataList,
  struct: structList(RAW),
};

function listType(element: Type): ListType<unknown, unknown> {
  return element.kind === 'list' ? listOf(listType(element.element)) : (LISTS[element.kind] ?? VoidList);
}
