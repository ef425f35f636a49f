// Emits one struct: its reader, its builder and the constant that describes it.

import {
  emitBuilderField,
  emitReaderField,
  type FieldNames,
  fieldNames,
  type StructContext,
} from './emit-field.js';
import { emitFields, emitObject } from './emit-object.js';
import { MemberNames } from './names.js';
import type { Field, StructNode, Value } from './schema.js';
import type { FileScope } from './scope.js';
import { bindTypes, type Context, declaredParameters, parameterList, type Side } from './type-text.js';
import type { Writer } from './writer.js';

/** Properties of the describing constant that nested names must not hide. */
const TYPE_PROPERTIES = new Set([
  'name',
  'id',
  'dataWords',
  'pointerCount',
  'Reader',
  'Builder',
  'union',
  'fields',
  'of',
  'Object',
]);

/** Emits a struct or group, after everything nested in it. */
export function emitStruct(out: Writer, scope: FileScope, struct: StructNode): void {
  const name = scope.ref(struct.id);
  const parameters = scope.parameters(struct.id);
  const defaults = emitDefaults(out, scope, struct, name);
  const context: StructContext = { scope, struct, name, parameters, defaults };
  const hasUnion = struct.discriminantCount > 0;
  if (hasUnion) {
    const members = struct.fields.filter((field) => field.unionValue !== undefined);
    members.sort((a, b) => a.unionValue! - b.unionValue!);
    out.line(`const ${name}_members = [${members.map((field) => `'${field.name}'`).join(', ')}] as const;`);
    out.line();
  }
  const names = fieldNames(struct.fields, new MemberNames(hasUnion));
  emitReader(out, context, hasUnion, names);
  emitBuilder(out, context, hasUnion, fieldNames(struct.fields, new MemberNames(hasUnion)));
  emitObject(out, context);
  if (struct.isGroup) emitGroupType(out, context, hasUnion, names);
  else emitType(out, context, hasUnion, names);
}

/** Constants for defaults of pointer fields. */
function emitDefaults(out: Writer, scope: FileScope, struct: StructNode, name: string): Map<Field, string> {
  const defaults = new Map<Field, string>();
  for (const field of struct.fields) {
    if (field.kind === 'group') continue;
    const expression = defaultExpression(field.defaultValue);
    if (expression === undefined || field.type.kind === 'anyPointer') continue;
    if (field.type.kind === 'text') {
      defaults.set(field, expression);
    } else if (expression.startsWith('/*')) {
      const constant = scope.names.claim(`${name}_${field.name}_default`);
      out.line(`const ${constant} = ${expression};`);
      out.line();
      defaults.set(field, constant);
    }
  }
  return defaults;
}

/** The default of a pointer field; undefined when there is none. */
function defaultExpression(value: Value): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : JSON.stringify(value);
  if (typeof value !== 'object' || !('message' in value)) return undefined;
  return messageExpression(value.message);
}

export function messageExpression(message: Uint8Array): string {
  return `/* @__PURE__ */ new $.DefaultValue('${Buffer.from(message).toString('hex')}')`;
}

function emitWhich(out: Writer, c: StructContext): void {
  const byte = c.struct.discriminantOffset * 2;
  out.doc('Name of the union member that is set; undefined when it is one of a newer schema.');
  out.block(`get which(): (typeof ${c.name}_members)[number] | undefined`, () =>
    out.line(`return ${c.name}_members[this.$tag(${byte})];`),
  );
  out.doc("The union's discriminant.");
  out.block('get whichIndex(): number', () => out.line(`return this.$tag(${byte});`));
}

function emitReader(out: Writer, c: StructContext, hasUnion: boolean, names: Map<Field, FieldNames>): void {
  out.doc(c.struct.doc);
  out.block(
    `export class ${c.name}Reader${declaredParameters(c.parameters, 'Reader')} extends $.StructReader`,
    () => {
      out.line(`declare readonly $object: ${c.name}Object${parameterList(c.parameters)};`);
      emitConstructor(out, ['data', 'dataBytes', 'pointers', 'pointerCount', 'depth']);
      emitTypeLink(out, c);
      if (hasUnion) emitWhich(out, c);
      for (const field of c.struct.fields) emitReaderField(out, c, field, names.get(field)!);
    },
  );
  out.line();
}

function emitBuilder(out: Writer, c: StructContext, hasUnion: boolean, names: Map<Field, FieldNames>): void {
  out.doc(c.struct.doc);
  out.block(
    `export class ${c.name}Builder${declaredParameters(c.parameters, 'Builder')} extends $.StructBuilder`,
    () => {
      emitConstructor(out, ['data', 'pointers', 'pointerCount']);
      emitTypeLink(out, c);
      if (hasUnion) emitWhich(out, c);
      for (const field of c.struct.fields) emitBuilderField(out, c, field, names.get(field)!);
      out.doc('A reader of the same memory.');
      const parameters = parameterList(c.parameters, (name) => `$.Settable<${name}>`);
      out.block(`asReader(): ${c.name}Reader${parameters}`, () => {
        out.line(`return this.$asReader(${ownReader(c, parameters)});`);
      });
    },
  );
  out.line();
}

/** Written out, since calling an inherited one takes V8 four times as long where classes of many kinds are made. */
function emitConstructor(out: Writer, numbers: readonly string[]): void {
  const parameters = numbers.map((name) => `${name}: number`).join(', ');
  out.block(`constructor(segment: $.Segment, ${parameters})`, () =>
    out.line(`super(segment, ${numbers.join(', ')});`),
  );
}

function emitTypeLink(out: Writer, c: StructContext): void {
  out.line(`override get $type(): $.FieldSource { return ${c.name}; }`);
}

/** The reader class that belongs to a builder. */
function ownReader(c: StructContext, parameters: string): string {
  if (c.parameters.length === 0) return `${c.name}Reader`;
  const context: Context = { scope: c.scope, parameters: c.parameters, brand: 'this.$brand', side: 'Reader' };
  const types = bindTypes(context, `${c.name}Reader`, '', () => parameters);
  return `$.bind${types}(${c.name}, this.$brand).Reader`;
}

function emitUnionInfo(out: Writer, { struct, name }: StructContext): void {
  out.line(`union: { discriminantOffset: ${struct.discriminantOffset}, names: ${name}_members },`);
}

/** Groups are not types of their own: their constant serves generic code only. */
function emitGroupType(
  out: Writer,
  c: StructContext,
  hasUnion: boolean,
  names: Map<Field, FieldNames>,
): void {
  const { name } = c;
  out.block(
    `const ${name}: $.GroupType<${name}Reader, ${name}Builder> =`,
    () => {
      out.line(`Reader: ${name}Reader,`);
      out.line(`Builder: ${name}Builder,`);
      if (hasUnion) emitUnionInfo(out, c);
      emitFields(out, c, names);
    },
    '};',
  );
  out.line();
}

/** The method that binds the parameters of a generic struct. */
function emitOf(out: Writer, c: StructContext): void {
  const { name, parameters } = c;
  const each = (map: (i: number) => string): string => parameters.map((_, i) => map(i)).join(', ');
  const type = (side: Side): string => `${name}${side}<${each((i) => `${side[0]}${i}`)}>`;
  const arguments_ = each((i) => `p${i}: $.PointerType<R${i}, B${i}>`);
  out.doc(
    `This type with ${parameters.map((p) => `\`${p.name}\``).join(', ')} bound: structs, list types, \`$.Text\`, \`$.Data\`, ….`,
  );
  const head = `of<${each((i) => `R${i}, B${i}`)}>(${arguments_}): $.StructType<${type('Reader')}, ${type('Builder')}>`;
  out.block(head, () => out.line(`return $.bind(${name}, [${each((i) => `p${i}`)}]);`), '},');
}

function emitType(out: Writer, c: StructContext, hasUnion: boolean, names: Map<Field, FieldNames>): void {
  const { struct, name, scope } = c;
  const nestedTypes = nestedNames(scope, struct);
  const extra = c.parameters.length > 0 ? [`'of'`] : [];
  const keys = [...extra, ...nestedTypes.map(({ key }) => `'${key}'`)].join(' | ');
  const nestedKeys = keys === '' ? '' : ` & Record<${keys}, unknown>`;
  out.doc(struct.doc);
  out.block(
    `export const ${name} =`,
    () => {
      out.line(`name: '${schemaName(struct.displayName)}',`);
      out.line(`id: 0x${struct.id.toString(16)}n,`);
      out.line(`dataWords: ${struct.dataWords},`);
      out.line(`pointerCount: ${struct.pointerCount},`);
      out.line(`Reader: ${name}Reader,`);
      out.line(`Builder: ${name}Builder,`);
      if (hasUnion) emitUnionInfo(out, c);
      emitFields(out, c, names);
      if (c.parameters.length > 0) emitOf(out, c);
      for (const nested of nestedTypes) {
        // Constants are declared last, because their types must be: so they are looked up late.
        if (nested.kind === 'const') out.line(`get ${nested.key}() { return ${nested.ref}; },`);
        else out.line(`${nested.key}: ${nested.ref},`);
      }
    },
    `} as const satisfies $.StructType<${name}Reader, ${name}Builder>${nestedKeys};`,
  );
  emitNamespace(out, scope, struct, name);
  out.line();
}

/** Types only, so that `Foo.Reader` and `Foo.Nested.Builder` can be written as types. */
function emitNamespace(out: Writer, scope: FileScope, struct: StructNode, name: string): void {
  out.block(`export namespace ${name}`, () => emitNamespaceBody(out, scope, struct));
}

function emitNamespaceBody(out: Writer, scope: FileScope, struct: StructNode): void {
  const name = scope.ref(struct.id);
  const parameters = scope.parameters(struct.id);
  for (const side of ['Reader', 'Builder'] as const) {
    const declared = declaredParameters(parameters, side);
    out.line(`export type ${side}${declared} = ${name}${side}${parameterList(parameters)};`);
  }
  out.line(
    `export type Object${declaredParameters(parameters, 'Reader')} = ${name}Object${parameterList(parameters)};`,
  );
  for (const nested of nestedNames(scope, struct)) {
    const node = scope.node(nested.id);
    if (node.kind === 'enum') out.line(`export type ${nested.key} = ${nested.ref};`);
    if (node.kind === 'struct') {
      out.block(`export namespace ${nested.key}`, () => emitNamespaceBody(out, scope, node));
    }
  }
}

function nestedNames(scope: FileScope, struct: StructNode) {
  const kinds = new Set(['struct', 'enum', 'const']);
  return struct.nested
    .filter(({ id }) => kinds.has(scope.request.nodes.get(id)?.kind ?? ''))
    .map(({ name, id }) => ({
      id,
      kind: scope.node(id).kind,
      key: TYPE_PROPERTIES.has(name) ? `${name}_` : name,
      ref: scope.ref(id),
    }));
}

/** `dir/x.capnp:Foo.Bar` to `Foo.Bar`. */
export function schemaName(displayName: string): string {
  return displayName.slice(displayName.lastIndexOf(':') + 1);
}
