// Public entry: messages, segments and errors; and what generated code needs.

export {
  type Allocation,
  FixedHeapAllocator,
  HeapAllocator,
  type HeapAllocatorOptions,
  type SegmentAllocator,
} from './allocator.js';
export { copyRoot } from './copy-root.js';
export { DefaultValue } from './default-value.js';
export { CapnpError, type CapnpErrorCode } from './errors.js';
export { frameMessage, readFramed, unframeSegments } from './framing.js';
export { ListBuilder } from './list-builder.js';
export { ListReader } from './list-reader.js';
export type { ListType } from './list-type.js';
export * from './list-types.js';
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
export * from './pointer-list-builders.js';
export * from './pointer-list-readers.js';
export {
  defaultBytes as constantBytes,
  defaultList as constantList,
  defaultStruct as constantStruct,
} from './read-struct.js';
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
export { summary } from './summary.js';
