// Base class of generated struct builders.

import { AnyPointerBuilder } from './any-pointer-builder.js';
import {
  clearPointer,
  initBytes,
  initList,
  isNull,
  openData,
  openList,
  openText,
  setBytes,
  setText,
} from './build-list.js';
import { type BuildableStruct, initStruct, openStruct } from './build-struct.js';
import type { DefaultValue } from './default-value.js';
import { wrongUnionMember } from './errors.js';
import type { Brand, FieldSource } from './fields.js';
import { ListReader } from './list-reader.js';
import type { ListType } from './list-type.js';
import { adoptOrphan, disownPointer, type Orphan } from './orphan.js';
import { initPointer, openPointer, setPointer } from './pointer-access.js';
import { NO_FIELDS, type PointerType, UNBOUND } from './pointer-type.js';
import type { Segment } from './segment.js';
import { setList, setStruct } from './set.js';
import { StructReader } from './struct-reader.js';
import type { BuilderConstructor, ReaderConstructor } from './struct-type.js';

/** Nesting allowed to a reader of a message under construction: the reader's default. */
export const OWN_DEPTH = 64;

/**
 * A struct of a message under construction. Generated subclasses add the fields; members that begin with `$`
 * are for them only.
 *
 * Invariant: the sections are at least as large as the type says and lie within the used part of the segment.
 */
export abstract class StructBuilder {
  /** @internal */
  readonly $segment: Segment;
  /** @internal Byte position of the data section. */
  readonly $data: number;
  /** @internal Byte position of the pointer section. */
  readonly $pointers: number;
  /** @internal */
  readonly $pointerCount: number;

  constructor(segment: Segment, data: number, pointers: number, pointerCount: number) {
    this.$segment = segment;
    this.$data = data;
    this.$pointers = pointers;
    this.$pointerCount = pointerCount;
  }

  /** @internal Looked up at each access: the segment's changes when its memory is taken back. */
  get $view(): DataView {
    return this.$segment.view;
  }

  /** @internal The type's description; overridden by generated classes. */
  get $type(): FieldSource {
    return NO_FIELDS;
  }

  /** @internal What type parameters are bound to; overridden where a generic struct is bound. */
  get $brand(): Brand {
    return UNBOUND;
  }

  /** @internal The discriminant, `offset` bytes into the data section. */
  $tag(offset: number): number {
    return this.$view.getUint16(this.$data + offset, true);
  }

  /** @internal Guards a union member's getter. */
  $check(offset: number, value: number, name: string): void {
    if (this.$tag(offset) !== value) throw wrongUnionMember(name);
  }

  /** @internal Makes a union member the one that is set. */
  $choose(offset: number, value: number): void {
    this.$view.setUint16(this.$data + offset, value, true);
  }

  /** @internal The same place seen as a group of the struct. */
  $group<B extends StructBuilder>(Builder: BuilderConstructor<B>): B {
    return new Builder(this.$segment, this.$data, this.$pointers, this.$pointerCount);
  }

  /** @internal */
  $has(index: number): boolean {
    return !isNull(this.$segment, this.$pointers + index * 8);
  }

  /** @internal */
  $asReader<R extends StructReader>(Reader: ReaderConstructor<R>): R {
    const { $segment, $data, $pointers } = this;
    return new Reader($segment, $data, $pointers - $data, $pointers, this.$pointerCount, OWN_DEPTH);
  }

  /** @internal Sets a pointer to null. */
  $clear(index: number): void {
    clearPointer(this.$segment, this.$pointers + index * 8);
  }

  /** @internal */
  $struct<B extends StructBuilder>(index: number, type: BuildableStruct<B>, value?: DefaultValue): B {
    return openStruct(this.$segment, this.$pointers + index * 8, type, value);
  }

  /** @internal */
  $initStruct<B extends StructBuilder>(index: number, type: BuildableStruct<B>): B {
    return initStruct(this.$segment, this.$pointers + index * 8, type);
  }

  /** @internal */
  $list<B>(index: number, type: ListType<unknown, B>, value?: DefaultValue): B {
    return openList(this.$segment, this.$pointers + index * 8, type, value);
  }

  /** @internal */
  $initList<B>(index: number, type: ListType<unknown, B>, length: number): B {
    return initList(this.$segment, this.$pointers + index * 8, type, length);
  }

  /** @internal */
  $text(index: number, value = ''): string {
    return openText(this.$segment, this.$pointers + index * 8, value);
  }

  /** @internal */
  $setText(index: number, text: string): void {
    setText(this.$segment, this.$pointers + index * 8, text);
  }

  /** @internal A copy of what `value`, a reader, stands for. */
  $setStruct(index: number, value: StructReader): void {
    if (!(value instanceof StructReader)) throw new TypeError('a struct field is set from a struct reader');
    setStruct(this.$segment, this.$pointers + index * 8, value);
  }

  /** @internal */
  $setList(index: number, value: ListReader<unknown>): void {
    if (!(value instanceof ListReader)) throw new TypeError('a list field is set from a list reader');
    setList(this.$segment, this.$pointers + index * 8, value);
  }

  /** @internal */
  $disown<B>(index: number, type: PointerType<unknown, B>): Orphan<B> {
    return disownPointer(this.$segment, this.$pointers + index * 8, type);
  }

  /** @internal */
  $adopt(index: number, orphan: Orphan<unknown>): void {
    adoptOrphan(this.$segment, this.$pointers + index * 8, orphan);
  }

  /** @internal The pointer itself. */
  $any(index: number): AnyPointerBuilder {
    return new AnyPointerBuilder(this.$segment, this.$pointers + index * 8);
  }

  /** @internal */
  $open<B>(index: number, type: PointerType<unknown, B>): B {
    return openPointer(type, this.$segment, this.$pointers + index * 8);
  }

  /** @internal */
  $init<B>(index: number, type: PointerType<unknown, B>, argument?: number | string): B {
    return initPointer(type, this.$segment, this.$pointers + index * 8, argument);
  }

  /** @internal */
  $set(index: number, value: unknown): void {
    setPointer(this.$segment, this.$pointers + index * 8, value);
  }

  /** @internal */
  $bytes(index: number, value?: DefaultValue): Uint8Array {
    return openData(this.$segment, this.$pointers + index * 8, value);
  }

  /** @internal */
  $setBytes(index: number, data: Uint8Array): void {
    setBytes(this.$segment, this.$pointers + index * 8, data);
  }

  /** @internal */
  $initBytes(index: number, length: number): Uint8Array {
    return initBytes(this.$segment, this.$pointers + index * 8, length);
  }
}
