// Emits one struct: its reader, its builder and the constant that describes it.

import {
  emitBuilderField,
  emitReaderField,
  type FieldNames,
  fieldNames,
  type StructContext,
} from './emit-field.js';
import { MemberNames } from './names.js';
import type { Field, StructNode, Value } from './schema.js';
import type { FileScope } from './scope.js';
import type { Writer } from './writer.js';

/** Properties of the describing constant that nested names must not hide. */
const TYPE_PROPERTIES = new Set(['name', 'id', 'dataWords', 'pointerCount', 'Reader', 'Builder', 'union']);

/** Emits a struct or group, after everything nested in it. */
export function emitStruct(out: Writer, scope: FileScope, struct: StructNode): void {
  const name = scope.ref(struct.id);
  const context: StructContext = { scope, struct, name, defaults: emitDefaults(out, scope, struct, name) };
  const hasUnion = struct.discriminantCount > 0;
  if (hasUnion) {
    const members = struct.fields.filter((field) => field.unionValue !== undefined);
    members.sort((a, b) => a.unionValue! - b.unionValue!);
    out.line(`const ${name}_members = [${members.map((field) => `'${field.name}'`).join(', ')}] as const;`);
    out.line();
  }
  emitReader(out, context, hasUnion, fieldNames(struct.fields, new MemberNames(hasUnion)));
  emitBuilder(out, context, hasUnion, fieldNames(struct.fields, new MemberNames(hasUnion)));
  if (!struct.isGroup) emitType(out, context, hasUnion);
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
  out.block(`export class ${c.name}Reader extends $.StructReader`, () => {
    if (hasUnion) emitWhich(out, c);
    for (const field of c.struct.fields) emitReaderField(out, c, field, names.get(field)!);
  });
  out.line();
}

function emitBuilder(out: Writer, c: StructContext, hasUnion: boolean, names: Map<Field, FieldNames>): void {
  out.doc(c.struct.doc);
  out.block(`export class ${c.name}Builder extends $.StructBuilder`, () => {
    if (hasUnion) emitWhich(out, c);
    for (const field of c.struct.fields) emitBuilderField(out, c, field, names.get(field)!);
    out.doc('A reader of the same memory.');
    out.block(`asReader(): ${c.name}Reader`, () => {
      out.line(`return this.$asReader(${c.name}Reader, ${c.struct.dataWords}, ${c.struct.pointerCount});`);
    });
  });
  out.line();
}

function emitType(out: Writer, c: StructContext, hasUnion: boolean): void {
  const { struct, name, scope } = c;
  const nestedTypes = nestedNames(scope, struct);
  const keys = nestedTypes.map(({ key }) => `'${key}'`).join(' | ');
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
      if (hasUnion) {
        out.line(`union: { discriminantOffset: ${struct.discriminantOffset}, names: ${name}_members },`);
      }
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
  out.line(`export type Reader = ${name}Reader;`);
  out.line(`export type Builder = ${name}Builder;`);
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
