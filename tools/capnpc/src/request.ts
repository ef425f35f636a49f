// Decodes a CodeGeneratorRequest. The positions are those of the compiler's public schema.capnp, whose
// layout can only grow; each is named by the field that stands there.

import { readFramed } from '@flow-ipc/capnp';
import { withAnnotations } from './annotation-text.js';
import { RawStruct } from './raw-struct.js';
import {
  type Brand,
  type Field,
  GeneratorError,
  type Request,
  type RequestedFile,
  SCALARS,
  type SchemaNode,
  type Type,
  type Value,
} from './schema.js';

const NO_DISCRIMINANT = 0xffff;

/** Decodes what `capnp compile` writes to a plug-in's standard input. @throws GeneratorError */
export function readRequest(bytes: Uint8Array): Request {
  try {
    // The input is the compiler's, not a stranger's: large schemas must not run into a budget.
    const message = readFramed(bytes, { traversalLimitWords: Number.POSITIVE_INFINITY, nestingLimit: 1000 });
    return decode(message.getRoot({ ...ROOT, Reader: RawStruct }));
  } catch (cause) {
    throw new GeneratorError('standard input is not a CodeGeneratorRequest of `capnp compile`', { cause });
  }
}

/** Enough of a StructType for `getRoot`. */
const ROOT = {
  name: 'CodeGeneratorRequest',
  id: 0xbfc546f6210ad7cen,
  dataWords: 0,
  pointerCount: 4,
  Builder: undefined as never,
};

interface Docs {
  readonly node: string;
  readonly members: readonly string[];
}

function decode(request: RawStruct): Request {
  const docs = new Map<bigint, Docs>();
  for (const info of request.structs(3)) {
    docs.set(info.u64(0), { node: info.text(0), members: info.structs(1).map((member) => member.text(0)) });
  }
  const nodes = new Map<bigint, SchemaNode>();
  const none: Docs = { node: '', members: [] };
  const raw = request.structs(0);
  for (const node of raw) nodes.set(node.u64(0), decodeNode(node, docs.get(node.u64(0)) ?? none));
  // Annotations are shown by their nodes, so these come first.
  for (const node of raw) {
    if (node.structs(2).length === 0 && !hasAnnotatedMembers(node)) continue;
    nodes.set(node.u64(0), decodeNode(node, annotatedDocs(node, docs.get(node.u64(0)) ?? none, nodes)));
  }
  return { nodes, files: request.structs(1).map(decodeFile) };
}

/** Fields or enumerants, whose annotations are pointer 1 of each. */
function membersOf(node: RawStruct): RawStruct[] {
  return node.u16(12) === 1 || node.u16(12) === 2 ? node.structs(3) : [];
}

function hasAnnotatedMembers(node: RawStruct): boolean {
  return membersOf(node).some((member) => member.structs(1).length > 0);
}

function annotatedDocs(node: RawStruct, docs: Docs, nodes: ReadonlyMap<bigint, SchemaNode>): Docs {
  return {
    node: withAnnotations(docs.node, node.structs(2), nodes),
    members: membersOf(node).map((member, i) =>
      withAnnotations(docs.members[i] ?? '', member.structs(1), nodes),
    ),
  };
}

function decodeFile(file: RawStruct): RequestedFile {
  return {
    id: file.u64(0),
    filename: file.text(0),
    imports: new Map(file.structs(1).map((imported) => [imported.u64(0), imported.text(0)])),
  };
}

function decodeNode(node: RawStruct, docs: Docs): SchemaNode {
  const base = {
    id: node.u64(0),
    displayName: node.text(0),
    scopeId: node.u64(16),
    nested: node.structs(1).map((nested) => ({ name: nested.text(0), id: nested.u64(0) })),
    parameters: node.structs(5).map((parameter) => parameter.text(0)),
    doc: docs.node,
  };
  switch (node.u16(12)) {
    case 0:
      return { ...base, kind: 'file' };
    case 1:
      return {
        ...base,
        kind: 'struct',
        dataWords: node.u16(14),
        pointerCount: node.u16(24),
        isGroup: node.bit(28, 0),
        discriminantCount: node.u16(30),
        discriminantOffset: node.u32(32),
        fields: node.structs(3).map((field, i) => decodeField(field, docs.members[i] ?? '')),
      };
    case 2:
      return {
        ...base,
        kind: 'enum',
        enumerants: node.structs(3).map((e, i) => ({ name: e.text(0), doc: docs.members[i] ?? '' })),
      };
    case 4:
      return { ...base, kind: 'const', type: decodeType(node.struct(3)), value: decodeValue(node.struct(4)) };
    case 5:
      return { ...base, kind: 'annotation', type: decodeType(node.struct(3)) };
    default:
      return { ...base, kind: 'interface' };
  }
}

function decodeField(field: RawStruct, doc: string): Field {
  // `discriminantValue` has the default 0xffff, which the encoding XORs in.
  const tag = field.u16(2) ^ NO_DISCRIMINANT;
  const base = { name: field.text(0), doc, unionValue: tag === NO_DISCRIMINANT ? undefined : tag };
  if (field.u16(8) === 1) return { ...base, kind: 'group', typeId: field.u64(16) };
  return {
    ...base,
    kind: 'slot',
    offset: field.u32(4),
    type: decodeType(field.struct(2)),
    defaultValue: decodeValue(field.struct(3)),
  };
}

function decodeType(type: RawStruct): Type {
  const tag = type.u16(0);
  const scalar = SCALARS[tag];
  if (scalar !== undefined) return { kind: scalar };
  if (tag === 12) return { kind: 'text' };
  if (tag === 13) return { kind: 'data' };
  if (tag === 14) return { kind: 'list', element: decodeType(type.struct(0)) };
  if (tag === 15) return { kind: 'enum', id: type.u64(8) };
  if (tag === 16) return { kind: 'struct', id: type.u64(8), brand: decodeBrand(type.struct(0)) };
  if (tag === 17) return { kind: 'capability' };
  if (type.u16(8) === 1) return { kind: 'parameter', scopeId: type.u64(16), index: type.u16(10) };
  // Unconstrained; parameters of methods are nothing else to us.
  return { kind: type.u16(8) === 0 ? ANY_KINDS[type.u16(10)]! : 'anyPointer' };
}

const ANY_KINDS = ['anyPointer', 'anyStruct', 'anyList', 'capability'] as const;

function decodeBrand(brand: RawStruct): Brand {
  const scopes = new Map<bigint, 'inherit' | (Type | undefined)[]>();
  for (const scope of brand.structs(0)) {
    const bindings = scope
      .structs(0)
      .map((binding) => (binding.u16(0) === 1 ? decodeType(binding.struct(0)) : undefined));
    scopes.set(scope.u64(0), scope.u16(8) === 1 ? 'inherit' : bindings);
  }
  return scopes;
}

function decodeValue(value: RawStruct): Value {
  switch (value.u16(0)) {
    case 1:
      return value.bit(2, 0);
    case 2:
      return (value.u16(2) << 24) >> 24;
    case 3:
      return (value.u16(2) << 16) >> 16;
    case 4:
      return value.u32(4) | 0;
    case 5:
      return BigInt.asIntN(64, value.u64(8));
    case 6:
      return value.u16(2) & 0xff;
    case 7:
    case 15:
      return value.u16(2);
    case 8:
      return value.u32(4);
    case 9:
      return value.u64(8);
    case 10:
      return { bits: BigInt(value.u32(4)), number: float32(value.u32(4)) };
    case 11:
      return { bits: value.u64(8), number: float64(value.u64(8)) };
    case 12:
      return value.text(0);
    case 13:
    case 14:
    case 16: {
      const message = value.message(0);
      return message === undefined ? undefined : { message };
    }
    default:
      return undefined;
  }
}

const scratch = new DataView(new ArrayBuffer(8));

function float32(bits: number): number {
  scratch.setUint32(0, bits);
  return scratch.getFloat32(0);
}

function float64(bits: bigint): number {
  scratch.setBigUint64(0, bits);
  return scratch.getFloat64(0);
}
