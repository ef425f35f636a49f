// The canonical form: equal values have equal bytes, whoever wrote them.

import { allocate, clear, placed } from './allocate.js';
import { HeapAllocator } from './allocator.js';
import { AnyStruct } from './any-struct.js';
import { checkPart, copyBytes } from './copy.js';
import { badPointer, nestingLimit, outOfBounds } from './errors.js';
import { asPart } from './memory.js';
import { MessageBuilder } from './message-builder.js';
import type { MessageReader } from './message-reader.js';
import { BITS_PER_ELEMENT, ElementSize, FAR, followFar, LIST, landed, STRUCT } from './pointer.js';
import type { Segment } from './segment.js';
import type { StructReader } from './struct-reader.js';

/**
 * A message of one segment whose root is the canonical form of a struct: objects in pre-order, no zero words at
 * the ends of structs, no far pointers. What the schema does not know is kept.
 * @throws CapnpError for damaged messages, and BAD_POINTER for capabilities, which have no canonical form
 */
export function canonicalize(struct: StructReader): Uint8Array {
  const {
    $segment: segment,
    $data: data,
    $dataBytes: dataBytes,
    $pointers: pointers,
    $depth: depth,
  } = struct;
  const source: Struct = { segment, data, dataBytes, pointers, pointerCount: struct.$pointerCount };
  for (let firstBytes = segment.used + 8192; ; firstBytes *= 8) {
    const message = new MessageBuilder(new HeapAllocator({ firstBytes }));
    const size = trimmed(source);
    const bytes = (size.dataWords + size.pointerCount) * 8;
    const root = message.rootSegment();
    const to = allocate(root, root.start, bytes, STRUCT, pointerHigh(size));
    copyStruct(source, to, placed.at, size, depth);
    // With a second segment there are far pointers: once more, with more room.
    if (message.segmentCount === 1) return message.segments()[0]!;
  }
}

/** True when a message is in canonical form. @throws CapnpError for damaged messages */
export function isCanonical(message: MessageReader): boolean {
  if (message.segments.length !== 1) return false;
  const bytes = asPart(message.segments[0]!).toBytes();
  const root = message.rootPointer();
  if (root.isNull) return bytes.length === 8;
  return root.kind === 'struct' && Buffer.compare(canonicalize(root.as(AnyStruct)), bytes) === 0;
}

/** A struct, or an element of a list, as it lies in its segment. */
interface Struct {
  readonly segment: Segment;
  readonly data: number;
  readonly dataBytes: number;
  readonly pointers: number;
  readonly pointerCount: number;
}

interface Size {
  readonly dataWords: number;
  readonly pointerCount: number;
}

function pointerHigh({ dataWords, pointerCount }: Size): number {
  return ((pointerCount << 16) | dataWords) >>> 0;
}

/** The size without zero words at the end of the data and null pointers at the end of the pointers. */
function trimmed({ segment, data, dataBytes, pointers, pointerCount }: Struct): Size {
  let end = dataBytes;
  while (end > 0 && segment.bytes[data + end - 1] === 0) end--;
  let count = pointerCount;
  while (count > 0 && isZero(segment, pointers + (count - 1) * 8)) count--;
  return { dataWords: Math.ceil(end / 8), pointerCount: count };
}

function isZero(segment: Segment, at: number): boolean {
  return (segment.view.getUint32(at, true) | segment.view.getUint32(at + 4, true)) === 0;
}

/** Copies the part of a struct that fits `size`, which is that of the copy. */
function copyStruct(from: Struct, to: Segment, at: number, size: Size, depth: number): void {
  const dataBytes = size.dataWords * 8;
  clear(to, at, dataBytes + size.pointerCount * 8);
  copyBytes(from.segment, from.data, to, at, Math.min(dataBytes, from.dataBytes));
  for (let p = 0; p < Math.min(size.pointerCount, from.pointerCount); p++) {
    copyPointer(from.segment, from.pointers + p * 8, to, at + dataBytes + p * 8, depth);
  }
}

function copyPointer(source: Segment, from: number, to: Segment, at: number, depth: number): void {
  let segment = source;
  let base = from + 8;
  let lo = source.view.getUint32(from, true);
  let hi = source.view.getUint32(from + 4, true);
  if ((lo | hi) === 0) return;
  if ((lo & 3) === FAR) {
    segment = followFar(source, lo, hi);
    base = landed.base;
    lo = landed.lo;
    hi = landed.hi;
  }
  if (depth <= 0) throw nestingLimit();
  const target = base + ((lo | 0) >> 2) * 8;
  if ((lo & 3) === LIST) {
    copyList(segment, target, hi, to, at, depth - 1);
    return;
  }
  if ((lo & 3) !== STRUCT) throw badPointer('a capability has no canonical form');
  const dataBytes = (hi & 0xffff) * 8;
  const pointerCount = hi >>> 16;
  checkPart(segment, target, dataBytes + pointerCount * 8);
  const struct = { segment, data: target, dataBytes, pointers: target + dataBytes, pointerCount };
  const size = trimmed(struct);
  const copy = allocate(to, at, (size.dataWords + size.pointerCount) * 8, STRUCT, pointerHigh(size));
  copyStruct(struct, copy, placed.at, size, depth - 1);
}

function copyList(
  segment: Segment,
  target: number,
  hi: number,
  to: Segment,
  at: number,
  depth: number,
): void {
  const elementSize = (hi & 7) as ElementSize;
  const length = hi >>> 3;
  if (elementSize === ElementSize.composite) {
    copyComposite(segment, target, length, to, at, depth);
    return;
  }
  const bits = length * BITS_PER_ELEMENT[elementSize];
  const bytes = Math.ceil(bits / 64) * 8;
  checkPart(segment, target, bytes);
  const copy = allocate(to, at, bytes, LIST, hi);
  const start = placed.at;
  clear(copy, start, bytes);
  if (elementSize === ElementSize.pointer) {
    for (let i = 0; i < bytes; i += 8) copyPointer(segment, target + i, copy, start + i, depth);
    return;
  }
  copyBytes(segment, target, copy, start, Math.ceil(bits / 8));
  if (bits % 8 !== 0) copy.bytes[start + Math.floor(bits / 8)]! &= (1 << (bits % 8)) - 1;
}

function copyComposite(
  segment: Segment,
  target: number,
  words: number,
  to: Segment,
  at: number,
  depth: number,
): void {
  checkPart(segment, target, 8 + words * 8);
  const tagLo = segment.view.getUint32(target, true);
  const tagHi = segment.view.getUint32(target + 4, true);
  const length = tagLo >>> 2;
  const dataBytes = (tagHi & 0xffff) * 8;
  const pointerCount = tagHi >>> 16;
  const step = dataBytes + pointerCount * 8;
  if ((tagLo & 3) !== STRUCT) throw badPointer('the tag of a list of structs is not a struct');
  if (length * step > words * 8) throw outOfBounds('a list of structs');
  const element = (i: number): Struct => {
    const data = target + 8 + i * step;
    return { segment, data, dataBytes, pointers: data + dataBytes, pointerCount };
  };
  // All elements have the size of the largest; of elements without size there may be any number.
  const size = { dataWords: 0, pointerCount: 0 };
  for (let i = 0; i < length && step > 0; i++) {
    const own = trimmed(element(i));
    size.dataWords = Math.max(size.dataWords, own.dataWords);
    size.pointerCount = Math.max(size.pointerCount, own.pointerCount);
  }
  const newStep = size.dataWords + size.pointerCount;
  const bytes = 8 + length * newStep * 8;
  const copy = allocate(to, at, bytes, LIST, length * newStep * 8 + ElementSize.composite);
  const start = placed.at;
  clear(copy, start, 8);
  copy.view.setUint32(start, length * 4, true);
  copy.view.setUint32(start + 4, pointerHigh(size), true);
  for (let i = 0; i < length && newStep > 0; i++) {
    copyStruct(element(i), copy, start + 8 + i * newStep * 8, size, depth);
  }
}
