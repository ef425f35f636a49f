// How types are written in generated code: as TypeScript types, and as expressions of run-time types.

import type { Type } from './schema.js';
import type { FileScope, Parameter } from './scope.js';

export type Side = 'Reader' | 'Builder';

/** Where a type is mentioned. */
export interface Context {
  readonly scope: FileScope;
  /** Type parameters that hold there. */
  readonly parameters: readonly Parameter[];
  /** Expression of what they are bound to. */
  readonly brand: string;
  /** For expressions whose static type matters: which side of it. */
  readonly side?: Side;
}

/** The reader or builder type of what a pointer of this type leads to, or of an element. */
export function classOf(c: Context, type: Type, side: Side): string {
  switch (type.kind) {
    case 'text':
      return 'string';
    case 'data':
      return 'Uint8Array';
    case 'list':
      return listClass(c, type.element, side);
    case 'struct':
      return `${c.scope.ref(type.id)}${side}${typeArguments(c, type, side)}`;
    case 'parameter':
      return parameterOf(c, type)?.name ?? `$.AnyPointer${side}`;
    case 'anyStruct':
      return side === 'Reader' ? '$.AnyStructReader' : '$.AnyPointerBuilder';
    case 'anyList':
      return side === 'Reader' ? '$.AnyListReader' : '$.AnyPointerBuilder';
    default:
      return `$.AnyPointer${side}`;
  }
}

/** The run-time type of what a pointer of this type leads to. */
export function typeOf(c: Context, type: Type): string {
  switch (type.kind) {
    case 'text':
      return '$.Text';
    case 'data':
      return '$.Data';
    case 'list':
      return listType(c, type.element);
    case 'struct':
      return structType(c, type);
    case 'parameter': {
      const parameter = parameterOf(c, type);
      return parameter === undefined ? '$.AnyPointer' : `${c.brand}[${c.parameters.indexOf(parameter)}]!`;
    }
    case 'anyStruct':
      return '$.AnyStruct';
    case 'anyList':
      return '$.AnyList';
    default:
      return '$.AnyPointer';
  }
}

/** The run-time type of a list with these elements. */
export function listType(c: Context, element: Type): string {
  switch (element.kind) {
    case 'list':
      return `$.listOf(${listType(c, element.element)})`;
    case 'struct':
      return `$.structList(${structType(c, element)})`;
    case 'enum':
      return `$.enumList(${c.scope.ref(element.id)})`;
    default:
      return `$.${LIST_NAMES[element.kind]}List`;
  }
}

/** The reader or builder class of such a list. */
export function listClass(c: Context, element: Type, side: Side): string {
  switch (element.kind) {
    case 'list':
      return `$.ListList${side}<${listClass(c, element.element, side)}>`;
    case 'struct':
      return `$.StructList${side}<${classOf(c, element, side)}>`;
    case 'enum':
      return `$.EnumList${side}<${c.scope.ref(element.id)}>`;
    default:
      return `$.${LIST_NAMES[element.kind]}List${side}`;
  }
}

type StructRef = Extract<Type, { kind: 'struct' }>;

/** The constant of a struct type, bound when it is generic. */
export function structType(c: Context, type: StructRef): string {
  const name = c.scope.ref(type.id);
  const bindings = bindingsOf(c, type);
  if (bindings === undefined) return name;
  const brand = `[${bindings.map((binding) => (binding === undefined ? '$.AnyPointer' : typeOf(c, binding))).join(', ')}]`;
  return `$.bind${bindTypes(c, `${name}Reader`, `${name}Builder`, (side) => typeArguments(c, type, side))}(${name}, ${brand})`;
}

/** Explicit type arguments for `$.bind`: only the side that matters. */
export function bindTypes(c: Context, Reader: string, Builder: string, args: (side: Side) => string): string {
  if (c.side === 'Reader') return `<${Reader}${args('Reader')}, $.StructBuilder>`;
  if (c.side === 'Builder') return `<$.StructReader, ${Builder}${args('Builder')}>`;
  return '';
}

function typeArguments(c: Context, type: StructRef, side: Side): string {
  const bindings = bindingsOf(c, type);
  if (bindings === undefined) return '';
  const names = bindings.map((binding) =>
    binding === undefined ? `$.AnyPointer${side}` : classOf(c, binding, side),
  );
  return `<${names.join(', ')}>`;
}

/** What each parameter of a generic struct is bound to; undefined when it has none. */
function bindingsOf(c: Context, { id, brand }: StructRef): (Type | undefined)[] | undefined {
  const bindings = c.scope.parameters(id).map(({ scopeId, index }): Type | undefined => {
    const scope = brand.get(scopeId);
    if (scope === 'inherit') return { kind: 'parameter', scopeId, index };
    return scope?.[index];
  });
  return bindings.length > 0 ? bindings : undefined;
}

function parameterOf(
  c: Context,
  { scopeId, index }: Extract<Type, { kind: 'parameter' }>,
): Parameter | undefined {
  return c.parameters.find((parameter) => parameter.scopeId === scopeId && parameter.index === index);
}

/** `<T = $.AnyPointerReader>` after the name of a generic class, or nothing. */
export function declaredParameters(parameters: readonly Parameter[], side: Side): string {
  if (parameters.length === 0) return '';
  return `<${parameters.map(({ name }) => `${name} = $.AnyPointer${side}`).join(', ')}>`;
}

/** `<T>`, each as `map` says, or nothing. */
export function parameterList(
  parameters: readonly Parameter[],
  map = (name: string): string => name,
): string {
  return parameters.length === 0 ? '' : `<${parameters.map(({ name }) => map(name)).join(', ')}>`;
}

const LIST_NAMES = {
  void: 'Void',
  bool: 'Bool',
  int8: 'Int8',
  int16: 'Int16',
  int32: 'Int32',
  int64: 'Int64',
  uint8: 'UInt8',
  uint16: 'UInt16',
  uint32: 'UInt32',
  uint64: 'UInt64',
  float32: 'Float32',
  float64: 'Float64',
  text: 'Text',
  data: 'Data',
  // The compiler has no lists of the others, but of capabilities.
  anyPointer: 'AnyPointer',
  anyStruct: 'AnyPointer',
  anyList: 'AnyPointer',
  capability: 'AnyPointer',
  parameter: 'AnyPointer',
} as const;
