// Readers of lists whose elements are pointers or structs: Text, Data, lists, structs, anything.

import { AnyPointerReader } from './any-pointer-reader.js';
import { ListReader } from './list-reader.js';
import type { ListType } from './list-type.js';
import { found, locateBytes, locateList } from './read-list.js';
import { defaultList, textBytes } from './read-struct.js';
import type { Segment } from './segment.js';
import type { StructReader } from './struct-reader.js';
import type { ReaderConstructor } from './struct-type.js';
import { decodeText } from './text.js';

/** What lists of pointers have in common. */
export abstract class PointerListReader<T> extends ListReader<T> {
  /** False when element `i` is null, which reads as empty. */
  has(i: number): boolean {
    const at = this.$at(i);
    return (this.$view.getUint32(at, true) | this.$view.getUint32(at + 4, true)) !== 0;
  }

  /** @internal Finds the Text or Data of element `i`; undefined when null. */
  $locate(i: number): Segment | undefined {
    const at = this.$at(i);
    const lo = this.$view.getUint32(at, true);
    const hi = this.$view.getUint32(at + 4, true);
    if ((lo | hi) === 0) return undefined;
    return locateBytes(this.$segment, at, lo, hi, this.$depth);
  }
}

export class TextListReader extends PointerListReader<string> {
  at(i: number): string {
    const segment = this.$locate(i);
    if (segment === undefined) return '';
    const { start } = found;
    return decodeText(segment, start, textBytes(segment, start, found.length));
  }

  /** The bytes of element `i` without the terminator: a view, not a copy. */
  bytesAt(i: number): Uint8Array {
    const segment = this.$locate(i);
    if (segment === undefined) return new Uint8Array(0);
    const { start } = found;
    return segment.slice(start, textBytes(segment, start, found.length));
  }
}

export class DataListReader extends PointerListReader<Uint8Array> {
  /** A view, not a copy. */
  at(i: number): Uint8Array {
    const segment = this.$locate(i);
    return segment === undefined ? new Uint8Array(0) : segment.slice(found.start, found.length);
  }
}

/** Lists of anything; of capabilities only presence can be read. */
export class AnyPointerListReader extends PointerListReader<AnyPointerReader> {
  at(i: number): AnyPointerReader {
    return new AnyPointerReader(this.$segment, this.$at(i), this.$depth);
  }
}

export class ListListReader<R> extends PointerListReader<R> {
  private readonly inner: ListType<R, unknown>;

  constructor(segment: Segment, depth: number, inner: ListType<R, unknown>) {
    super(segment, depth);
    this.inner = inner;
  }

  at(i: number): R {
    const at = this.$at(i);
    const lo = this.$view.getUint32(at, true);
    const hi = this.$view.getUint32(at + 4, true);
    if ((lo | hi) === 0) return defaultList(this.inner, undefined);
    const segment = locateList(this.$segment, at, lo, hi, this.inner.elementSize, this.$depth);
    return this.inner.reader(segment, this.$depth - 1);
  }
}

export class StructListReader<R extends StructReader> extends ListReader<R> {
  private readonly Reader: ReaderConstructor<R>;

  constructor(segment: Segment, depth: number, Reader: ReaderConstructor<R>) {
    super(segment, depth);
    this.Reader = Reader;
  }

  at(i: number): R {
    const data = this.$at(i);
    const { $dataBytes } = this;
    return new this.Reader(
      this.$segment,
      data,
      $dataBytes,
      data + $dataBytes,
      this.$pointerCount,
      this.$descend(),
    );
  }
}
