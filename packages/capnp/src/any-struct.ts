// A struct whose type the schema does not say.

import { AnyPointerBuilder } from './any-pointer-builder.js';
import { AnyPointerReader } from './any-pointer-reader.js';
import { checkIndex } from './list-reader.js';
import { StructBuilder } from './struct-builder.js';
import { StructReader } from './struct-reader.js';
import type { StructType } from './struct-type.js';

export class AnyStructReader extends StructReader {
  /** The data section: a view, not a copy. */
  get data(): Uint8Array {
    return this.$segment.slice(this.$data, this.$dataBytes);
  }

  get pointerCount(): number {
    return this.$pointerCount;
  }

  /** Pointer `i`, from 0. @throws RangeError */
  pointer(i: number): AnyPointerReader {
    checkIndex(i, this.$pointerCount);
    return new AnyPointerReader(this.$segment, this.$pointers + i * 8, this.$depth);
  }

  /** The same struct read as `type`. */
  as<R extends StructReader>(type: { readonly Reader: StructType<R>['Reader'] }): R {
    return this.$group(type.Reader);
  }
}

export class AnyStructBuilder extends StructBuilder {
  /** The data section: a view through which it can be changed. */
  get data(): Uint8Array {
    return this.$segment.slice(this.$data, this.$pointers - this.$data);
  }

  get pointerCount(): number {
    return this.$pointerCount;
  }

  /** Pointer `i`, from 0. @throws RangeError */
  pointer(i: number): AnyPointerBuilder {
    checkIndex(i, this.$pointerCount);
    return new AnyPointerBuilder(this.$segment, this.$pointers + i * 8);
  }

  asReader(): AnyStructReader {
    return this.$asReader(AnyStructReader);
  }
}

/** Any struct; made with `anyStruct(dataWords, pointerCount)`, since it must be known how large it is to be. */
export const AnyStruct: StructType<AnyStructReader, AnyStructBuilder> = /* @__PURE__ */ anyStruct(0, 0);

/** A struct of this size, of unknown type. */
export function anyStruct(
  dataWords: number,
  pointerCount: number,
): StructType<AnyStructReader, AnyStructBuilder> {
  for (const n of [dataWords, pointerCount]) {
    if (!(n >= 0 && n <= 0xffff && Math.floor(n) === n))
      throw new RangeError(`a struct has 0 to 65535 words, not ${n}`);
  }
  return {
    name: 'AnyStruct',
    id: 0n,
    dataWords,
    pointerCount,
    Reader: AnyStructReader,
    Builder: AnyStructBuilder,
  };
}
