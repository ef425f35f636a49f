// A pointer under construction whose type the schema does not say.

import { AnyPointerReader, kindAt, type PointerKind } from './any-pointer-reader.js';
import { clearPointer } from './build-list.js';
import { adoptOrphan, disownPointer, type Orphan } from './orphan.js';
import { initPointer, openPointer, setPointer } from './pointer-access.js';
import { AnyPointer, type InitArgs, type PointerType } from './pointer-type.js';
import type { Segment } from './segment.js';
import { OWN_DEPTH } from './struct-builder.js';

export class AnyPointerBuilder {
  /** @internal */
  readonly $segment: Segment;
  /** @internal */
  readonly $at: number;

  /** @internal */
  constructor(segment: Segment, at: number) {
    this.$segment = segment;
    this.$at = at;
  }

  get isNull(): boolean {
    return this.kind === 'null';
  }

  /** What the pointer leads to. Text and Data are lists. */
  get kind(): PointerKind {
    return kindAt(this.$segment, this.$at);
  }

  /** Opens the object as `type`; a null pointer becomes a new struct, or reads as an empty list. */
  as<B>(type: PointerType<unknown, B>): B {
    return openPointer(type, this.$segment, this.$at);
  }

  /** Makes a new object: `init(Foo)`, `init(Int32List, length)`, `init(Data, length)`, `init(Text, 'words')`. */
  init<B>(type: PointerType<unknown, B>, ...args: InitArgs<B>): B {
    return initPointer(type, this.$segment, this.$at, args[0]);
  }

  /** Makes a deep copy of `value`: a reader of whatever kind, a string (Text) or bytes (Data). */
  set(value: object | string): void {
    setPointer(this.$segment, this.$at, value);
  }

  /** Sets the pointer to null and zeroes what it led to. */
  clear(): void {
    clearPointer(this.$segment, this.$at);
  }

  /** Takes the object out of the message; the pointer is null afterwards. */
  disown(): Orphan<AnyPointerBuilder>;
  disown<B>(type: PointerType<unknown, B>): Orphan<B>;
  disown(type: PointerType<unknown, unknown> = AnyPointer): Orphan<unknown> {
    return disownPointer(this.$segment, this.$at, type);
  }

  /** Puts an orphan of the same message here. */
  adopt(orphan: Orphan<unknown>): void {
    adoptOrphan(this.$segment, this.$at, orphan);
  }

  asReader(): AnyPointerReader {
    return new AnyPointerReader(this.$segment, this.$at, OWN_DEPTH);
  }
}
