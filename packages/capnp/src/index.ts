// Public entry: messages, segments and errors; and what generated code needs.

export {
  type Allocation,
  FixedHeapAllocator,
  HeapAllocator,
  type HeapAllocatorOptions,
  type SegmentAllocator,
} from './allocator.js';
export { AnyListReader } from './any-list.js';
export { AnyPointerBuilder } from './any-pointer-builder.js';
export { AnyPointerReader, type PointerKind } from './any-pointer-reader.js';
export { AnyStruct, AnyStructBuilder, AnyStructReader, anyStruct } from './any-struct.js';
export { canonicalize, isCanonical } from './canonical.js';
export { DefaultValue } from './default-value.js';
export { CapnpError, type CapnpErrorCode, UnsafeIntegerError } from './errors.js';
export type { Brand, FieldInfo, FieldSource, GroupType } from './fields.js';
export { frameLength, frameMessage, readFramed, unframeSegments } from './framing.js';
export { fromObject, type Input, type InputOf } from './from-object.js';
export { bind } from './generic.js';
export { fromJson, toJson } from './json.js';
export { ListBuilder } from './list-builder.js';
export { ListReader } from './list-reader.js';
export type { ElementType, Enumerants, ListType, ScalarName } from './list-type.js';
export * from './list-types.js';
export { type AnyMemory, Memory, MemoryPart } from './memory.js';
export { MessageBuilder } from './message-builder.js';
export { MessageReader, type ReaderOptions } from './message-reader.js';
export {
  float,
  float32FromBits,
  float32ToBits,
  float64FromBits,
  float64ToBits,
  i8,
  i16,
  i32,
  int64Number,
  setBit,
  setInt64,
  setUint64,
  u8,
  u16,
  u32,
  uint64Number,
} from './numbers.js';
export { Orphan } from './orphan.js';
export { pack, packMessage, readPacked, Unpacker, unpack } from './packed.js';
export * from './pointer-list-builders.js';
export * from './pointer-list-readers.js';
export {
  AnyList,
  AnyPointer,
  Data,
  type InitArgs,
  type LeafType,
  type PointerType,
  type Settable,
  type StructShape,
  Text,
} from './pointer-type.js';
export {
  defaultBytes as constantBytes,
  defaultList as constantList,
  defaultStruct as constantStruct,
} from './read-struct.js';
export { RevocablePart } from './revocable-part.js';
export * from './scalar-list-builders.js';
export * from './scalar-list-readers.js';
export type { Segment } from './segment.js';
export { pointerAsMessage } from './standalone.js';
export { StructBuilder } from './struct-builder.js';
export { StructReader } from './struct-reader.js';
export type {
  BuilderConstructor,
  BuilderOf,
  ReaderConstructor,
  ReaderOf,
  StructType,
  UnionInfo,
  WhichOf,
} from './struct-type.js';
export { summary, toText } from './text-format.js';
export { type ObjectOf, type ObjectValue, type OneOf, toObject } from './to-object.js';
