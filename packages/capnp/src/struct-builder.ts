// Base class of generated struct builders.

import {
  clearPointer,
  initBytes,
  initList,
  isNull,
  openBytes,
  openData,
  openList,
  setBytes,
  setText,
} from './build-list.js';
import { type BuildableStruct, initStruct, openStruct } from './build-struct.js';
import type { DefaultValue } from './default-value.js';
import { wrongUnionMember } from './errors.js';
import type { ListType } from './list-type.js';
import { found } from './read-list.js';
import { textBytes } from './read-struct.js';
import type { Segment } from './segment.js';
import type { StructReader } from './struct-reader.js';
import type { BuilderConstructor, ReaderConstructor } from './struct-type.js';
import { decodeText } from './text.js';

/** Nesting allowed to a reader of a message under construction: the reader's default. */
const OWN_DEPTH = 64;

/**
 * A struct of a message under construction. Generated subclasses add the fields; members that begin with `$`
 * are for them only.
 *
 * Invariant: the sections are at least as large as the type says and lie within the used part of the segment.
 */
export abstract class StructBuilder {
  /** @internal */
  readonly $segment: Segment;
  /** @internal */
  readonly $view: DataView;
  /** @internal Byte position of the data section. */
  readonly $data: number;
  /** @internal Byte position of the pointer section. */
  readonly $pointers: number;

  constructor(segment: Segment, data: number, pointers: number) {
    this.$segment = segment;
    this.$view = segment.view;
    this.$data = data;
    this.$pointers = pointers;
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
    return new Builder(this.$segment, this.$data, this.$pointers);
  }

  /** @internal */
  $has(index: number): boolean {
    return !isNull(this.$segment, this.$pointers + index * 8);
  }

  /** @internal */
  $asReader<R extends StructReader>(
    Reader: ReaderConstructor<R>,
    dataWords: number,
    pointerCount: number,
  ): R {
    const { $segment, $data, $pointers } = this;
    return new Reader($segment, $data, dataWords * 8, $pointers, pointerCount, OWN_DEPTH);
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
    const segment = openBytes(this.$segment, this.$pointers + index * 8);
    if (segment === undefined) return value;
    const { start } = found;
    return decodeText(segment, start, textBytes(segment, start, found.length));
  }

  /** @internal */
  $setText(index: number, text: string): void {
    setText(this.$segment, this.$pointers + index * 8, text);
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
