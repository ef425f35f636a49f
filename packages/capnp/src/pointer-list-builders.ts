// Builders of lists whose elements are pointers or structs: Text, Data, lists, structs, anything.

import {
  initBytes,
  initList,
  isNull,
  openBytes,
  openData,
  openList,
  setBytes,
  setText,
} from './build-list.js';
import { ListBuilder } from './list-builder.js';
import type { ListType } from './list-type.js';
import { found } from './read-list.js';
import { textBytes } from './read-struct.js';
import type { Segment } from './segment.js';
import type { StructBuilder } from './struct-builder.js';
import type { BuilderConstructor } from './struct-type.js';
import { decodeText } from './text.js';

/** What lists of pointers have in common. */
export abstract class PointerListBuilder<T> extends ListBuilder<T> {
  /** False when element `i` is null. */
  has(i: number): boolean {
    return !isNull(this.$segment, this.$at(i));
  }
}

export class TextListBuilder extends PointerListBuilder<string> {
  at(i: number): string {
    const segment = openBytes(this.$segment, this.$at(i));
    if (segment === undefined) return '';
    const { start } = found;
    return decodeText(segment, start, textBytes(segment, start, found.length));
  }
  set(i: number, text: string): void {
    setText(this.$segment, this.$at(i), text);
  }
}

export class DataListBuilder extends PointerListBuilder<Uint8Array> {
  /** A view through which the element can be changed. */
  at(i: number): Uint8Array {
    return openData(this.$segment, this.$at(i), undefined);
  }
  /** Copies `data` in. */
  set(i: number, data: Uint8Array): void {
    setBytes(this.$segment, this.$at(i), data);
  }
  /** Makes element `i` zeroed Data of `length` bytes and returns the view to fill. */
  init(i: number, length: number): Uint8Array {
    return initBytes(this.$segment, this.$at(i), length);
  }
}

/** Lists of AnyPointer and of capabilities: only presence can be read. */
export class AnyPointerListBuilder extends PointerListBuilder<boolean> {
  at(i: number): boolean {
    return this.has(i);
  }
}

export class ListListBuilder<B> extends PointerListBuilder<B> {
  private readonly inner: ListType<unknown, B>;

  constructor(segment: Segment, inner: ListType<unknown, B>) {
    super(segment);
    this.inner = inner;
  }

  /** The list at `i`; one of length 0 when it was not initialised. */
  at(i: number): B {
    return openList(this.$segment, this.$at(i), this.inner, undefined);
  }
  init(i: number, length: number): B {
    return initList(this.$segment, this.$at(i), this.inner, length);
  }
}

export class StructListBuilder<B extends StructBuilder> extends ListBuilder<B> {
  private readonly Builder: BuilderConstructor<B>;
  private readonly dataBytes: number;

  constructor(segment: Segment, Builder: BuilderConstructor<B>) {
    super(segment);
    this.Builder = Builder;
    this.dataBytes = found.dataBytes;
  }

  /** The struct at `i`, in place: elements exist from the list's start. */
  at(i: number): B {
    const data = this.$at(i);
    return new this.Builder(this.$segment, data, data + this.dataBytes);
  }
}
