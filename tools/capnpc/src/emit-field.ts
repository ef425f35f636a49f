// Emits the accessors of one field, for the reader and for the builder.

import { capital, type MemberNames } from './names.js';
import * as scalars from './scalars.js';
import type { Field, SlotField, StructNode } from './schema.js';
import type { FileScope, Parameter } from './scope.js';
import { bindTypes, type Context, classOf, parameterList, type Side, typeOf } from './type-text.js';
import type { Writer } from './writer.js';

/** What the accessors of a struct's fields share. */
export interface StructContext {
  readonly scope: FileScope;
  readonly struct: StructNode;
  /** Identifier of the struct. */
  readonly name: string;
  /** Type parameters of the struct and of those around it. */
  readonly parameters: readonly Parameter[];
  /** Names of default-value constants by field. */
  readonly defaults: ReadonlyMap<Field, string>;
}

/** The names that one field's accessors have. */
export interface FieldNames {
  readonly field: string;
  readonly helper: (prefix: string, suffix: string) => string;
}

export function fieldNames(fields: readonly Field[], members: MemberNames): Map<Field, FieldNames> {
  const own = new Map(fields.map((field) => [field, members.claim(field.name)]));
  const names = new Map<Field, FieldNames>();
  for (const [field, name] of own) {
    const helpers = new Map<string, string>();
    const helper = (prefix: string, suffix: string): string => {
      const wish = prefix === '' ? field.name + suffix : prefix + capital(field.name) + suffix;
      let claimed = helpers.get(wish);
      if (claimed === undefined) {
        claimed = members.claim(wish);
        helpers.set(wish, claimed);
      }
      return claimed;
    };
    names.set(field, { field: name, helper });
  }
  return names;
}

function contextOf(c: StructContext, side: Side): Context {
  return { scope: c.scope, parameters: c.parameters, brand: 'this.$brand', side };
}

/** The group's type, and the expression of its class, for a member that is a group. */
function groupOf(c: StructContext, typeId: bigint, side: Side): { type: string; Class: string } {
  const group = c.scope.ref(typeId);
  const type = `${group}${side}${parameterList(c.parameters)}`;
  if (c.parameters.length === 0) return { type, Class: `${group}${side}` };
  const types = bindTypes(contextOf(c, side), `${group}Reader`, `${group}Builder`, () =>
    parameterList(c.parameters),
  );
  return { type, Class: `$.bind${types}(${group}, this.$brand).${side}` };
}

function discriminantByte(context: StructContext): number {
  return context.struct.discriminantOffset * 2;
}

/** Body lines of a getter: the union guard, then the value. */
function emitGetter(
  out: Writer,
  c: StructContext,
  field: Field,
  name: string,
  type: string,
  value: string,
): void {
  out.block(`get ${name}(): ${type}`, () => {
    if (field.unionValue !== undefined) {
      out.line(`this.$check(${discriminantByte(c)}, ${field.unionValue}, '${field.name}');`);
    }
    out.line(`return ${value};`);
  });
}

function emitHas(out: Writer, c: StructContext, field: SlotField, names: FieldNames): void {
  const has = `this.$has(${field.offset})`;
  const guard =
    field.unionValue === undefined ? '' : `this.$tag(${discriminantByte(c)}) === ${field.unionValue} && `;
  out.block(`${names.helper('has', '')}(): boolean`, () => out.line(`return ${guard}${has};`));
}

export function emitReaderField(out: Writer, c: StructContext, field: Field, names: FieldNames): void {
  if (field.kind === 'group') {
    const { type, Class } = groupOf(c, field.typeId, 'Reader');
    out.doc(field.doc);
    emitGetter(out, c, field, names.field, type, `this.$group(${Class})`);
    return;
  }
  const kind = scalars.dataKind(field);
  if (kind !== undefined) {
    const at = scalars.place(kind, field.offset);
    const absent = `this.$dataBytes < ${at.end} ? `;
    const fallback = scalars.literal(kind, field.defaultValue);
    const read = scalars.getter(kind, at, field.defaultValue);
    const type = field.type.kind === 'enum' ? c.scope.ref(field.type.id) : scalars.tsType(kind);
    const cast = field.type.kind === 'enum' ? [`(`, `) as ${type}`] : ['', ''];
    out.doc(field.doc);
    emitGetter(out, c, field, names.field, type, `${cast[0]}${absent}${fallback} : ${read}${cast[1]}`);
    if (kind === 'int64' || kind === 'uint64') {
      const number = scalars.numberGetter(kind, at, field.defaultValue);
      out.doc(`\`${names.field}\` as a number. @throws RangeError when it is not a safe integer`);
      const value = `${absent}${scalars.numberLiteral(kind, field.defaultValue)} : ${number}`;
      emitGetter(out, c, field, names.helper('', 'Number'), 'number', value);
    }
    return;
  }
  if (field.type.kind === 'void') return;
  const fallback = c.defaults.get(field);
  const more = fallback === undefined ? '' : `, ${fallback}`;
  const value = readerValue(contextOf(c, 'Reader'), field, more);
  if (value !== undefined) {
    out.doc(field.doc);
    emitGetter(out, c, field, names.field, classOf(contextOf(c, 'Reader'), field.type, 'Reader'), value);
  }
  if (field.type.kind === 'text') {
    out.doc(`The UTF-8 bytes of \`${names.field}\`: a view, not a copy.`);
    const bytes = `this.$textBytes(${field.offset}${more})`;
    emitGetter(out, c, field, names.helper('', 'Bytes'), 'Uint8Array', bytes);
  }
  emitHas(out, c, field, names);
}

function readerValue(c: Context, { type, offset }: SlotField, more: string): string | undefined {
  switch (type.kind) {
    case 'text':
      return `this.$text(${offset}${more})`;
    case 'data':
      return `this.$bytes(${offset}${more})`;
    case 'list':
      return `this.$list(${offset}, ${typeOf(c, type)}${more})`;
    case 'struct':
      return `this.$struct(${offset}, ${readerClass(typeOf(c, type))}${more})`;
    case 'parameter':
      return `this.$read(${offset}, ${typeOf(c, type)}) as ${classOf(c, type, 'Reader')}`;
    case 'anyStruct':
    case 'anyList':
      return `this.$read(${offset}, ${typeOf(c, type)})`;
    case 'anyPointer':
      return `this.$any(${offset})`;
    default:
      return undefined; // capabilities: only presence
  }
}

/** The reader class of a struct type's expression. */
function readerClass(type: string): string {
  return type.endsWith(')') ? `${type}.Reader` : `${type}Reader`;
}

export function emitBuilderField(out: Writer, c: StructContext, field: Field, names: FieldNames): void {
  const choose =
    field.unionValue === undefined ? undefined : `this.$choose(${discriminantByte(c)}, ${field.unionValue});`;
  if (field.kind === 'group') {
    emitGroup(out, c, field.typeId, field, names, choose);
    return;
  }
  const kind = scalars.dataKind(field);
  if (kind !== undefined) {
    const at = scalars.place(kind, field.offset);
    const read = scalars.getter(kind, at, field.defaultValue);
    const isEnum = field.type.kind === 'enum';
    const type = field.type.kind === 'enum' ? c.scope.ref(field.type.id) : scalars.tsType(kind);
    out.doc(field.doc);
    emitGetter(out, c, field, names.field, type, isEnum ? `(${read}) as ${type}` : read);
    const accepted = type === 'bigint' ? 'bigint | number' : type;
    emitAction(
      out,
      `set ${names.field}(value: ${accepted})`,
      scalars.setter(kind, at, field.defaultValue),
      choose,
    );
    if (kind === 'int64' || kind === 'uint64') {
      out.doc(`\`${names.field}\` as a number. @throws RangeError when it is not a safe integer`);
      const number = scalars.numberGetter(kind, at, field.defaultValue);
      emitGetter(out, c, field, names.helper('', 'Number'), 'number', number);
    }
    return;
  }
  if (field.type.kind === 'void') {
    if (choose !== undefined) {
      out.doc(field.doc);
      out.block(`${names.helper('set', '')}(): void`, () => out.line(choose));
    }
    return;
  }
  emitBuilderPointer(out, c, field, names, choose);
}

function emitAction(out: Writer, head: string, action: string, choose: string | undefined): void {
  out.block(head, () => {
    out.line(action);
    // Only after success: the old member stays whole when an allocation is refused.
    if (choose !== undefined) out.line(choose);
  });
}

function emitBuilderPointer(
  out: Writer,
  c: StructContext,
  field: SlotField,
  names: FieldNames,
  choose: string | undefined,
): void {
  const { type, offset } = field;
  const fallback = c.defaults.get(field);
  const more = fallback === undefined ? '' : `, ${fallback}`;
  const set = (value: string, method: string): void => {
    const head = `${names.helper('set', '')}(value: ${value}): void`;
    emitAction(out, head, `this.${method}(${offset}, value);`, choose);
  };
  const init = (parameters: string, result: string, call: string): void => {
    out.block(`${names.helper('init', '')}(${parameters}): ${result}`, () => {
      if (choose === undefined) {
        out.line(`return ${call};`);
      } else {
        out.line(`const value = ${call};`);
        out.line(choose);
        out.line('return value;');
      }
    });
  };
  const context = contextOf(c, 'Builder');
  const Builder = classOf(context, type, 'Builder');
  const Reader = classOf(context, type, 'Reader');
  if (type.kind !== 'capability') out.doc(field.doc);
  switch (type.kind) {
    case 'text':
      emitGetter(out, c, field, names.field, 'string', `this.$text(${offset}${more})`);
      emitAction(out, `set ${names.field}(value: string)`, `this.$setText(${offset}, value);`, choose);
      break;
    case 'data':
      emitGetter(out, c, field, names.field, 'Uint8Array', `this.$bytes(${offset}${more})`);
      emitAction(out, `set ${names.field}(value: Uint8Array)`, `this.$setBytes(${offset}, value);`, choose);
      init('length: number', 'Uint8Array', `this.$initBytes(${offset}, length)`);
      break;
    case 'list': {
      const list = typeOf(context, type);
      emitGetter(out, c, field, names.field, Builder, `this.$list(${offset}, ${list}${more})`);
      init('length: number', Builder, `this.$initList(${offset}, ${list}, length)`);
      set(Reader, '$setList');
      break;
    }
    case 'struct': {
      const struct = typeOf(context, type);
      emitGetter(out, c, field, names.field, Builder, `this.$struct(${offset}, ${struct}${more})`);
      init('', Builder, `this.$initStruct(${offset}, ${struct})`);
      set(Reader, '$setStruct');
      break;
    }
    case 'parameter': {
      const bound = typeOf(context, type);
      emitGetter(out, c, field, names.field, Builder, `this.$open(${offset}, ${bound}) as ${Builder}`);
      const value = `value: $.Settable<${Builder}>`;
      emitAction(out, `set ${names.field}(${value})`, `this.$set(${offset}, value);`, choose);
      init(
        `...args: $.InitArgs<${Builder}>`,
        Builder,
        `this.$init(${offset}, ${bound}, args[0]) as ${Builder}`,
      );
      break;
    }
    case 'capability':
      break;
    default:
      emitGetter(out, c, field, names.field, Builder, `this.$any(${offset})`);
      init('', Builder, `this.$init(${offset}, $.AnyPointer)`);
      set('object | string', '$set');
  }
  if (type.kind !== 'capability') emitOrphans(out, c, field, names, choose, Builder, typeOf(context, type));
  emitHas(out, c, field, names);
}

/** Disowning and adopting, for all that is not a capability. */
function emitOrphans(
  out: Writer,
  c: StructContext,
  field: SlotField,
  names: FieldNames,
  choose: string | undefined,
  Builder: string,
  type: string,
): void {
  const cast = field.type.kind === 'parameter' ? ` as $.Orphan<${Builder}>` : '';
  const known = field.type.kind === 'anyStruct' || field.type.kind === 'anyList' ? '$.AnyPointer' : type;
  out.block(`${names.helper('disown', '')}(): $.Orphan<${Builder}>`, () => {
    if (field.unionValue !== undefined) {
      out.line(`this.$check(${discriminantByte(c)}, ${field.unionValue}, '${field.name}');`);
    }
    out.line(`return this.$disown(${field.offset}, ${known})${cast};`);
  });
  const head = `${names.helper('adopt', '')}(orphan: $.Orphan<${Builder}>): void`;
  emitAction(out, head, `this.$adopt(${field.offset}, orphan);`, choose);
}

function emitGroup(
  out: Writer,
  c: StructContext,
  typeId: bigint,
  field: Field,
  names: FieldNames,
  choose: string | undefined,
): void {
  const { type, Class } = groupOf(c, typeId, 'Builder');
  out.doc(field.doc);
  emitGetter(out, c, field, names.field, type, `this.$group(${Class})`);
  out.doc(
    `Sets all of \`${names.field}\` to defaults${choose === undefined ? '' : ' and makes it the member set'}.`,
  );
  out.block(`${names.helper('init', '')}(): ${type}`, () => {
    for (const line of new Set(wipeGroup(c, typeId))) out.line(line);
    if (choose !== undefined) out.line(choose);
    out.line(`return this.$group(${Class});`);
  });
}

/** Statements that clear every field of a group, including its union and inner groups. */
function wipeGroup(c: StructContext, typeId: bigint): string[] {
  const group = c.scope.node(typeId) as StructNode;
  const lines: string[] = [];
  if (group.discriminantCount > 0) lines.push(`this.$choose(${group.discriminantOffset * 2}, 0);`);
  for (const field of group.fields) {
    if (field.kind === 'group') {
      lines.push(...wipeGroup(c, field.typeId));
      continue;
    }
    const kind = scalars.dataKind(field);
    if (kind !== undefined) lines.push(scalars.wipe(kind, scalars.place(kind, field.offset)));
    else if (field.type.kind !== 'void') lines.push(`this.$clear(${field.offset});`);
  }
  return lines;
}
