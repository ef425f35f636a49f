// Base class of generated struct readers. A reader never writes and never trusts what it has read.

import { AnyPointerReader } from './any-pointer-reader.js';
import { type DefaultValue, EMPTY } from './default-value.js';
import { wrongUnionMember } from './errors.js';
import type { Brand, FieldSource } from './fields.js';
import type { ListType } from './list-type.js';
import { NO_FIELDS, type PointerType, UNBOUND } from './pointer-type.js';
import { found, locateBytes, locateList } from './read-list.js';
import { defaultBytes, defaultList, defaultStruct, readStruct, textBytes } from './read-struct.js';
import type { Segment } from './segment.js';
import type { ReaderConstructor } from './struct-type.js';
import { decodeText } from './text.js';

/**
 * A struct in a message. Generated subclasses add the fields; members that begin with `$` are for them only.
 *
 * Invariant: data and pointer sections were checked to lie within the segment when the reader was made.
 * Each pointer word is read once, checked, and only the checked values are used, because another process
 * may change the memory at any moment.
 */
export abstract class StructReader {
  /** @internal */
  readonly $segment: Segment;
  /** @internal Byte position of the data section. */
  readonly $data: number;
  /** @internal Size of the data section as written, possibly by an older or newer schema. */
  readonly $dataBytes: number;
  /** @internal Byte position of the pointer section. */
  readonly $pointers: number;
  /** @internal */
  readonly $pointerCount: number;
  /** @internal Levels of nesting that may still follow. */
  readonly $depth: number;

  constructor(
    segment: Segment,
    data: number,
    dataBytes: number,
    pointers: number,
    pointerCount: number,
    depth: number,
  ) {
    this.$segment = segment;
    this.$data = data;
    this.$dataBytes = dataBytes;
    this.$pointers = pointers;
    this.$pointerCount = pointerCount;
    this.$depth = depth;
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
    return this.$dataBytes < offset + 2 ? 0 : this.$view.getUint16(this.$data + offset, true);
  }

  /** @internal Guards a union member's getter. */
  $check(offset: number, value: number, name: string): void {
    if (this.$tag(offset) !== value) throw wrongUnionMember(name);
  }

  /** @internal The same place seen as a group of the struct. */
  $group<R extends StructReader>(Reader: ReaderConstructor<R>): R {
    return new Reader(
      this.$segment,
      this.$data,
      this.$dataBytes,
      this.$pointers,
      this.$pointerCount,
      this.$depth,
    );
  }

  /** @internal */
  $has(index: number): boolean {
    if (index >= this.$pointerCount) return false;
    const at = this.$pointers + index * 8;
    return (this.$view.getUint32(at, true) | this.$view.getUint32(at + 4, true)) !== 0;
  }

  /** @internal */
  $struct<R extends StructReader>(index: number, Reader: ReaderConstructor<R>, value?: DefaultValue): R {
    if (index < this.$pointerCount) {
      const at = this.$pointers + index * 8;
      const lo = this.$view.getUint32(at, true);
      const hi = this.$view.getUint32(at + 4, true);
      if ((lo | hi) !== 0) {
        return readStruct(this.$segment, at, lo, hi, this.$depth, Reader);
      }
    }
    return defaultStruct(Reader, value);
  }

  /** @internal */
  $list<R>(index: number, type: ListType<R, unknown>, value?: DefaultValue): R {
    if (index < this.$pointerCount) {
      const at = this.$pointers + index * 8;
      const lo = this.$view.getUint32(at, true);
      const hi = this.$view.getUint32(at + 4, true);
      if ((lo | hi) !== 0) {
        const segment = locateList(this.$segment, at, lo, hi, type.elementSize, this.$depth);
        return type.reader(segment, this.$depth - 1);
      }
    }
    return defaultList(type, value);
  }

  /** @internal */
  $text(index: number, value = ''): string {
    const segment = this.$locate(index);
    if (segment === undefined) return value;
    const { start } = found;
    return decodeText(segment, start, textBytes(segment, start, found.length));
  }

  /** @internal The bytes of a Text, without its terminator. */
  $textBytes(index: number, value?: string): Uint8Array {
    const segment = this.$locate(index);
    if (segment === undefined) return value ? new Uint8Array(Buffer.from(value)) : new Uint8Array(0);
    const { start } = found;
    return segment.slice(start, textBytes(segment, start, found.length));
  }

  /** @internal */
  $bytes(index: number, value?: DefaultValue): Uint8Array {
    const segment = this.$locate(index);
    return segment === undefined ? defaultBytes(value) : segment.slice(found.start, found.length);
  }

  /** @internal The pointer itself. */
  $any(index: number): AnyPointerReader {
    if (index >= this.$pointerCount) return new AnyPointerReader(EMPTY, 0, this.$depth);
    return new AnyPointerReader(this.$segment, this.$pointers + index * 8, this.$depth);
  }

  /** @internal What pointer `index` leads to, read as a type that is known at run time only. */
  $read<R>(index: number, type: PointerType<R, unknown>): R {
    return this.$any(index).as(type);
  }

  /** @internal Finds Text or Data; undefined when null. */
  $locate(index: number): Segment | undefined {
    if (index >= this.$pointerCount) return undefined;
    const at = this.$pointers + index * 8;
    const lo = this.$view.getUint32(at, true);
    const hi = this.$view.getUint32(at + 4, true);
    if ((lo | hi) === 0) return undefined;
    return locateBytes(this.$segment, at, lo, hi, this.$depth);
  }
}
