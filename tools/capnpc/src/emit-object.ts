// Emits what describes a struct's fields: the table for generic code, and the type of its plain object.

import type { FieldNames, StructContext } from './emit-field.js';
import * as scalars from './scalars.js';
import type { Field, Type } from './schema.js';
import { type Context, classOf, declaredParameters, parameterList, typeOf } from './type-text.js';
import type { Writer } from './writer.js';

/** The `fields` method of the describing constant. */
export function emitFields(out: Writer, c: StructContext, names: Map<Field, FieldNames>): void {
  const generic = c.parameters.length > 0;
  const context: Context = { scope: c.scope, parameters: c.parameters, brand: 'brand' };
  if (c.struct.fields.length === 0) {
    out.line('fields: (): readonly $.FieldInfo[] => [],');
    return;
  }
  out.line(`fields: (${generic ? 'brand: $.Brand' : ''}): readonly $.FieldInfo[] => [`);
  for (const field of c.struct.fields) {
    const { field: property } = names.get(field)!;
    const parts = [`name: '${field.name}'`];
    if (property !== field.name) parts.push(`property: '${property}'`);
    parts.push(`type: ${fieldType(context, field)}`);
    if (field.kind === 'slot' && field.type.kind !== 'void' && scalars.dataKind(field) === undefined) {
      parts.push(`pointer: ${field.offset}`);
    }
    if (field.unionValue !== undefined) parts.push(`unionValue: ${field.unionValue}`);
    out.line(`  { ${parts.join(', ')} },`);
  }
  out.line('],');
}

function fieldType(c: Context, field: Field): string {
  if (field.kind === 'group') {
    const group = c.scope.ref(field.typeId);
    return `{ group: ${c.parameters.length === 0 ? group : `$.bind(${group}, brand)`} }`;
  }
  const { type } = field;
  if (type.kind === 'enum') return `{ enum: ${c.scope.ref(type.id)} }`;
  if (type.kind === 'void' || scalars.dataKind(field) !== undefined) return `'${type.kind}'`;
  return typeOf(c, type);
}

/** The type of what `toObject` makes of the struct. */
export function emitObject(out: Writer, c: StructContext): void {
  const context: Context = { scope: c.scope, parameters: c.parameters, brand: '' };
  const head = `${c.name}Object${declaredParameters(c.parameters, 'Reader')}`;
  const common = c.struct.fields.filter((field) => field.unionValue === undefined);
  const members = c.struct.fields.filter((field) => field.unionValue !== undefined);
  const lines = (fields: readonly Field[]): void => {
    for (const field of fields) {
      const type = objectType(context, field);
      if (type === undefined) continue;
      out.doc(field.doc);
      out.line(`${field.name}${isOptional(c, field) ? '?' : ''}: ${type};`);
    }
  };
  out.doc(`\`${c.name}\` as a plain object: see \`toObject\`.`);
  if (members.length === 0) {
    out.block(`export interface ${head}`, () => lines(common));
  } else {
    out.line(`export type ${head} = {`);
    out.indented(() => lines(common));
    out.line('} & $.OneOf<{');
    out.indented(() => lines(members));
    out.line('}>;');
  }
  out.line();
}

/** Structs are left out when null; members of a union are not, but what has no plain form is. */
function isOptional(c: StructContext, field: Field): boolean {
  if (field.kind === 'group') return false;
  const { kind } = field.type;
  if (kind === 'parameter' || isOpaque(field.type)) return true;
  return kind === 'struct' && !c.defaults.has(field);
}

function isOpaque({ kind }: Type): boolean {
  return kind === 'anyPointer' || kind === 'anyStruct' || kind === 'anyList' || kind === 'capability';
}

function objectType(c: Context, field: Field): string | undefined {
  if (field.kind === 'group') return `${c.scope.ref(field.typeId)}Object${parameterList(c.parameters)}`;
  if (field.type.kind === 'void') return field.unionValue === undefined ? undefined : 'null';
  if (isOpaque(field.type)) return field.unionValue === undefined ? undefined : 'never';
  return valueType(c, field.type);
}

function valueType(c: Context, type: Type): string {
  switch (type.kind) {
    case 'void':
      return 'null';
    case 'text':
      return 'string';
    case 'data':
      return 'Uint8Array';
    case 'enum':
      return c.scope.ref(type.id);
    case 'list':
      return `${valueType(c, type.element)}[]`;
    case 'struct':
      return classOf(c, type, 'Reader').replace(/Reader(?=<|$)/, 'Object');
    case 'parameter':
      return `$.ObjectValue<${classOf(c, type, 'Reader')}>`;
    case 'anyPointer':
    case 'anyStruct':
    case 'anyList':
    case 'capability':
      return 'null';
    default:
      return scalars.tsType(type.kind);
  }
}
