// Builders of lists whose elements are pointers or structs: Text, Data, lists, structs, anything.

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
import { ListBuilder } from './list-builder.js';
import { ListReader } from './list-reader.js';
import type { ListType } from './list-type.js';
import { adoptOrphan, disownPointer, type Orphan } from './orphan.js';
import type * as r from './pointer-list-readers.js';
import { AnyPointer, Data, type PointerType, type Settable, Text } from './pointer-type.js';
import type { Segment } from './segment.js';
import { setElement, setList } from './set.js';
import type { StructBuilder } from './struct-builder.js';
import { StructReader } from './struct-reader.js';
import type { BuilderConstructor } from './struct-type.js';

/** What lists of pointers have in common. `B` is what is built at an element. */
export abstract class PointerListBuilder<B, R = unknown> extends ListBuilder<B, R> {
  /** @internal What its elements are. */
  abstract get $element(): PointerType<unknown, B>;

  /** False when element `i` is null. */
  has(i: number): boolean {
    return !isNull(this.$segment, this.$at(i));
  }

  /** Sets element `i` to null; what it was is zeroed. */
  clear(i: number): void {
    clearPointer(this.$segment, this.$at(i));
  }

  /** Takes element `i` out of the message; it is null afterwards. */
  disown(i: number): Orphan<B> {
    return disownPointer(this.$segment, this.$at(i), this.$element);
  }

  /** Sets element `i` to an orphan of the same message. */
  adopt(i: number, orphan: Orphan<B>): void {
    adoptOrphan(this.$segment, this.$at(i), orphan);
  }
}

export class TextListBuilder extends PointerListBuilder<string, r.TextListReader> {
  at(i: number): string {
    return openText(this.$segment, this.$at(i), '');
  }
  set(i: number, text: string): void {
    setText(this.$segment, this.$at(i), text);
  }
  get $element() {
    return Text;
  }
}

export class DataListBuilder extends PointerListBuilder<Uint8Array, r.DataListReader> {
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
  get $element() {
    return Data;
  }
}

/** Lists of anything. Elements that are capabilities cannot be made. */
export class AnyPointerListBuilder extends PointerListBuilder<AnyPointerBuilder, r.AnyPointerListReader> {
  at(i: number): AnyPointerBuilder {
    return new AnyPointerBuilder(this.$segment, this.$at(i));
  }
  get $element() {
    return AnyPointer;
  }
}

export class ListListBuilder<B> extends PointerListBuilder<B, r.ListListReader<Settable<B>>> {
  readonly #inner: ListType<unknown, B>;

  constructor(
    segment: Segment,
    type: ListType<r.ListListReader<Settable<B>>, unknown>,
    inner: ListType<unknown, B>,
  ) {
    super(segment, type);
    this.#inner = inner;
  }

  /** The list at `i`; one of length 0 when it was not initialised. */
  at(i: number): B {
    return openList(this.$segment, this.$at(i), this.#inner, undefined);
  }
  init(i: number, length: number): B {
    return initList(this.$segment, this.$at(i), this.#inner, length);
  }
  /** Sets element `i` to a copy of a list. */
  set(i: number, list: Settable<B>): void {
    if (!(list instanceof ListReader)) throw new TypeError('a list of lists is set from list readers');
    setList(this.$segment, this.$at(i), list);
  }
  get $element() {
    return this.#inner;
  }
}

/** The reader class that belongs to a builder class. */
export type ReaderOfBuilder<B> = B extends { asReader(): infer R extends StructReader } ? R : never;

export class StructListBuilder<B extends StructBuilder> extends ListBuilder<
  B,
  r.StructListReader<ReaderOfBuilder<B>>
> {
  readonly #Builder: BuilderConstructor<B>;

  constructor(
    segment: Segment,
    type: ListType<r.StructListReader<ReaderOfBuilder<B>>, unknown>,
    Builder: BuilderConstructor<B>,
  ) {
    super(segment, type);
    this.#Builder = Builder;
  }

  /** The struct at `i`, in place: elements exist from the list's start. */
  at(i: number): B {
    const data = this.$at(i);
    return new this.#Builder(this.$segment, data, data + this.$dataBytes, this.$pointerCount);
  }

  /**
   * Makes element `i` a copy of a struct. Elements cannot grow: fields of a newer schema that the element has
   * no room for are dropped.
   */
  set(i: number, struct: ReaderOfBuilder<B>): void {
    if (!(struct instanceof StructReader)) throw new TypeError('an element is set from a struct reader');
    setElement(this.$segment, this.$at(i), this.$dataBytes, this.$pointerCount, struct);
  }
}
