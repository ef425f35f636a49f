// The list types that generated code refers to.

import type { ListType } from './list-type.js';
import { ElementSize } from './pointer.js';
import * as pb from './pointer-list-builders.js';
import * as pr from './pointer-list-readers.js';
import * as sb from './scalar-list-builders.js';
import * as sr from './scalar-list-readers.js';
import type { Segment } from './segment.js';
import type { StructBuilder } from './struct-builder.js';
import type { StructReader } from './struct-reader.js';
import type { BuilderConstructor, ReaderConstructor } from './struct-type.js';

function plain<R, B>(
  elementSize: ElementSize,
  Reader: new (segment: Segment, depth: number) => R,
  Builder: new (segment: Segment) => B,
): ListType<R, B> {
  return {
    elementSize,
    dataWords: 0,
    pointerCount: 0,
    reader: (segment, depth) => new Reader(segment, depth),
    builder: (segment) => new Builder(segment),
  };
}

export const VoidList = /* @__PURE__ */ plain(ElementSize.void, sr.VoidListReader, sb.VoidListBuilder);
export const BoolList = /* @__PURE__ */ plain(ElementSize.bit, sr.BoolListReader, sb.BoolListBuilder);
export const Int8List = /* @__PURE__ */ plain(ElementSize.byte, sr.Int8ListReader, sb.Int8ListBuilder);
export const Int16List = /* @__PURE__ */ plain(ElementSize.twoBytes, sr.Int16ListReader, sb.Int16ListBuilder);
export const Int32List = /* @__PURE__ */ plain(
  ElementSize.fourBytes,
  sr.Int32ListReader,
  sb.Int32ListBuilder,
);
export const Int64List = /* @__PURE__ */ plain(
  ElementSize.eightBytes,
  sr.Int64ListReader,
  sb.Int64ListBuilder,
);
export const UInt8List = /* @__PURE__ */ plain(ElementSize.byte, sr.UInt8ListReader, sb.UInt8ListBuilder);
export const UInt16List = /* @__PURE__ */ plain(
  ElementSize.twoBytes,
  sr.UInt16ListReader,
  sb.UInt16ListBuilder,
);
export const UInt32List = /* @__PURE__ */ plain(
  ElementSize.fourBytes,
  sr.UInt32ListReader,
  sb.UInt32ListBuilder,
);
export const UInt64List = /* @__PURE__ */ plain(
  ElementSize.eightBytes,
  sr.UInt64ListReader,
  sb.UInt64ListBuilder,
);
export const Float32List = /* @__PURE__ */ plain(
  ElementSize.fourBytes,
  sr.Float32ListReader,
  sb.Float32ListBuilder,
);
export const Float64List = /* @__PURE__ */ plain(
  ElementSize.eightBytes,
  sr.Float64ListReader,
  sb.Float64ListBuilder,
);
export const TextList = /* @__PURE__ */ plain(ElementSize.pointer, pr.TextListReader, pb.TextListBuilder);
export const DataList = /* @__PURE__ */ plain(ElementSize.pointer, pr.DataListReader, pb.DataListBuilder);
export const AnyPointerList = /* @__PURE__ */ plain(
  ElementSize.pointer,
  pr.AnyPointerListReader,
  pb.AnyPointerListBuilder,
);

const anyEnumList = /* @__PURE__ */ plain(ElementSize.twoBytes, sr.EnumListReader, sb.EnumListBuilder);

/** List of an enum; `E` is the type of its values. */
export function enumList<E extends number>(): ListType<sr.EnumListReader<E>, sb.EnumListBuilder<E>> {
  return anyEnumList as ListType<sr.EnumListReader<E>, sb.EnumListBuilder<E>>;
}

/** List of a struct type. Made once per type. */
export function structList<R extends StructReader, B extends StructBuilder>(type: {
  readonly dataWords: number;
  readonly pointerCount: number;
  readonly Reader: ReaderConstructor<R>;
  readonly Builder: BuilderConstructor<B>;
}): ListType<pr.StructListReader<R>, pb.StructListBuilder<B>> {
  let list = structLists.get(type);
  if (list === undefined) {
    const { Reader, Builder, dataWords, pointerCount } = type;
    list = {
      elementSize: ElementSize.composite,
      dataWords,
      pointerCount,
      reader: (segment, depth) => new pr.StructListReader(segment, depth, Reader),
      builder: (segment) => new pb.StructListBuilder(segment, Builder),
    };
    structLists.set(type, list);
  }
  return list as ListType<pr.StructListReader<R>, pb.StructListBuilder<B>>;
}

const structLists = /* @__PURE__ */ new WeakMap<object, ListType<unknown, unknown>>();

/** List of lists. */
export function listOf<R, B>(inner: ListType<R, B>): ListType<pr.ListListReader<R>, pb.ListListBuilder<B>> {
  return {
    elementSize: ElementSize.pointer,
    dataWords: 0,
    pointerCount: 0,
    reader: (segment, depth) => new pr.ListListReader(segment, depth, inner),
    builder: (segment) => new pb.ListListBuilder(segment, inner),
  };
}
