// The list types that generated code refers to.

import type { ElementType, ListType } from './list-type.js';
import { ElementSize } from './pointer.js';
import * as pb from './pointer-list-builders.js';
import * as pr from './pointer-list-readers.js';
import { AnyPointer, Data, Text } from './pointer-type.js';
import * as sb from './scalar-list-builders.js';
import * as sr from './scalar-list-readers.js';
import type { Segment } from './segment.js';
import type { StructBuilder } from './struct-builder.js';
import type { StructReader } from './struct-reader.js';
import type { BuilderConstructor, ReaderConstructor } from './struct-type.js';

type ReaderClass<R> = new (segment: Segment, depth: number) => R;
type BuilderClass<R, B> = new (segment: Segment, type: ListType<R, B>) => B;

function plain<R, B>(
  element: ElementType,
  elementSize: ElementSize,
  Reader: ReaderClass<R>,
  Builder: BuilderClass<R, B>,
): ListType<R, B> {
  const type: ListType<R, B> = {
    elementSize,
    dataWords: 0,
    pointerCount: 0,
    element,
    reader: (segment, depth) => new Reader(segment, depth),
    builder: (segment) => new Builder(segment, type),
  };
  return type;
}

export const VoidList = /* @__PURE__ */ plain(
  'void',
  ElementSize.void,
  sr.VoidListReader,
  sb.VoidListBuilder,
);
export const BoolList = /* @__PURE__ */ plain('bool', ElementSize.bit, sr.BoolListReader, sb.BoolListBuilder);
export const Int8List = /* @__PURE__ */ plain(
  'int8',
  ElementSize.byte,
  sr.Int8ListReader,
  sb.Int8ListBuilder,
);
export const Int16List = /* @__PURE__ */ plain(
  'int16',
  ElementSize.twoBytes,
  sr.Int16ListReader,
  sb.Int16ListBuilder,
);
export const Int32List = /* @__PURE__ */ plain(
  'int32',
  ElementSize.fourBytes,
  sr.Int32ListReader,
  sb.Int32ListBuilder,
);
export const Int64List = /* @__PURE__ */ plain(
  'int64',
  ElementSize.eightBytes,
  sr.Int64ListReader,
  sb.Int64ListBuilder,
);
export const UInt8List = /* @__PURE__ */ plain(
  'uint8',
  ElementSize.byte,
  sr.UInt8ListReader,
  sb.UInt8ListBuilder,
);
export const UInt16List = /* @__PURE__ */ plain(
  'uint16',
  ElementSize.twoBytes,
  sr.UInt16ListReader,
  sb.UInt16ListBuilder,
);
export const UInt32List = /* @__PURE__ */ plain(
  'uint32',
  ElementSize.fourBytes,
  sr.UInt32ListReader,
  sb.UInt32ListBuilder,
);
export const UInt64List = /* @__PURE__ */ plain(
  'uint64',
  ElementSize.eightBytes,
  sr.UInt64ListReader,
  sb.UInt64ListBuilder,
);
export const Float32List = /* @__PURE__ */ plain(
  'float32',
  ElementSize.fourBytes,
  sr.Float32ListReader,
  sb.Float32ListBuilder,
);
export const Float64List = /* @__PURE__ */ plain(
  'float64',
  ElementSize.eightBytes,
  sr.Float64ListReader,
  sb.Float64ListBuilder,
);
export const TextList = /* @__PURE__ */ plain(
  Text,
  ElementSize.pointer,
  pr.TextListReader,
  pb.TextListBuilder,
);
export const DataList = /* @__PURE__ */ plain(
  Data,
  ElementSize.pointer,
  pr.DataListReader,
  pb.DataListBuilder,
);
export const AnyPointerList = /* @__PURE__ */ plain(
  AnyPointer,
  ElementSize.pointer,
  pr.AnyPointerListReader,
  pb.AnyPointerListBuilder,
);

/** List of an enum; `E` is the type of its values. Made once per enum. */
export function enumList<E extends number>(
  enumerants: Readonly<Record<string, E>>,
): ListType<sr.EnumListReader<E>, sb.EnumListBuilder<E>> {
  return once(enumerants, () =>
    plain<sr.EnumListReader<E>, sb.EnumListBuilder<E>>(
      { enum: enumerants },
      ElementSize.twoBytes,
      sr.EnumListReader,
      sb.EnumListBuilder,
    ),
  );
}

/** List of a struct type. Made once per type. */
export function structList<R extends StructReader, B extends StructBuilder>(type: {
  readonly dataWords: number;
  readonly pointerCount: number;
  readonly Reader: ReaderConstructor<R>;
  readonly Builder: BuilderConstructor<B>;
}): ListType<pr.StructListReader<R>, pb.StructListBuilder<B>> {
  return once(type, () => {
    const { Reader, Builder, dataWords, pointerCount } = type;
    const list: ListType<pr.StructListReader<R>, pb.StructListBuilder<B>> = {
      elementSize: ElementSize.composite,
      dataWords,
      pointerCount,
      element: type,
      reader: (segment, depth) => new pr.StructListReader(segment, depth, Reader),
      builder: (segment) => new pb.StructListBuilder(segment, list as never, Builder),
    };
    return list;
  });
}

/** List of lists. Made once per type. */
export function listOf<R, B>(inner: ListType<R, B>): ListType<pr.ListListReader<R>, pb.ListListBuilder<B>> {
  return once(inner, () => {
    const list: ListType<pr.ListListReader<R>, pb.ListListBuilder<B>> = {
      elementSize: ElementSize.pointer,
      dataWords: 0,
      pointerCount: 0,
      element: inner,
      reader: (segment, depth) => new pr.ListListReader(segment, depth, inner),
      builder: (segment) => new pb.ListListBuilder(segment, list as never, inner),
    };
    return list;
  });
}

const made = /* @__PURE__ */ new WeakMap<object, ListType<unknown, unknown>>();

/** The list type of an element type: the same object each time, which generated code asks for at each access. */
function once<R, B>(element: object, make: () => ListType<R, B>): ListType<R, B> {
  let list = made.get(element);
  if (list === undefined) {
    list = make();
    made.set(element, list);
  }
  return list as ListType<R, B>;
}
