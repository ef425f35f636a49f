// Emits the accessors of one field, for the reader and for the builder.

import { capital, type MemberNames } from './names.js';
import * as scalars from './scalars.js';
import type { Field, SlotField, StructNode, Type } from './schema.js';
import type { FileScope } from './scope.js';
import type { Writer } from './writer.js';

/** What the accessors of a struct's fields share. */
export interface StructContext {
  readonly scope: FileScope;
  readonly struct: StructNode;
  /** Identifier of the struct. */
  readonly name: string;
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
    const group = c.scope.ref(field.typeId);
    out.doc(field.doc);
    emitGetter(out, c, field, names.field, `${group}Reader`, `this.$group(${group}Reader)`);
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
  const value = readerValue(c, field.type, field.offset, more);
  if (value !== undefined) {
    out.doc(field.doc);
    emitGetter(out, c, field, names.field, readerType(c, field.type), value);
  }
  if (field.type.kind === 'text') {
    out.doc(`The UTF-8 bytes of \`${names.field}\`: a view, not a copy.`);
    const bytes = `this.$textBytes(${field.offset}${more})`;
    emitGetter(out, c, field, names.helper('', 'Bytes'), 'Uint8Array', bytes);
  }
  emitHas(out, c, field, names);
}

function readerType(c: StructContext, type: Type): string {
  if (type.kind === 'text') return 'string';
  if (type.kind === 'data') return 'Uint8Array';
  if (type.kind === 'list') return c.scope.listClass(type.element, 'Reader');
  return `${c.scope.ref((type as { id: bigint }).id)}Reader`;
}

function readerValue(c: StructContext, type: Type, index: number, more: string): string | undefined {
  switch (type.kind) {
    case 'text':
      return `this.$text(${index}${more})`;
    case 'data':
      return `this.$bytes(${index}${more})`;
    case 'list':
      return `this.$list(${index}, ${c.scope.listType(type.element)}${more})`;
    case 'struct':
      return `this.$struct(${index}, ${c.scope.ref(type.id)}Reader${more})`;
    default:
      return undefined; // AnyPointer: only presence, for now
  }
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
  if (type.kind !== 'anyPointer') out.doc(field.doc);
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
      const list = c.scope.listType(type.element);
      const Builder = c.scope.listClass(type.element, 'Builder');
      emitGetter(out, c, field, names.field, Builder, `this.$list(${offset}, ${list}${more})`);
      init('length: number', Builder, `this.$initList(${offset}, ${list}, length)`);
      break;
    }
    case 'struct': {
      const struct = c.scope.ref(type.id);
      emitGetter(out, c, field, names.field, `${struct}Builder`, `this.$struct(${offset}, ${struct}${more})`);
      init('', `${struct}Builder`, `this.$initStruct(${offset}, ${struct})`);
      break;
    }
    default:
      break;
  }
  emitHas(out, c, field, names);
}

function emitGroup(
  out: Writer,
  c: StructContext,
  typeId: bigint,
  field: Field,
  names: FieldNames,
  choose: string | undefined,
): void {
  const group = c.scope.ref(typeId);
  out.doc(field.doc);
  emitGetter(out, c, field, names.field, `${group}Builder`, `this.$group(${group}Builder)`);
  out.doc(
    `Sets all of \`${names.field}\` to defaults${choose === undefined ? '' : ' and makes it the member set'}.`,
  );
  out.block(`${names.helper('init', '')}(): ${group}Builder`, () => {
    for (const line of new Set(wipeGroup(c, typeId))) out.line(line);
    if (choose !== undefined) out.line(choose);
    out.line(`return this.$group(${group}Builder);`);
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
