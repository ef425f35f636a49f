// Follows a struct pointer, and says what null pointers read as.

import { charge } from './budget.js';
import { type DefaultValue, EMPTY } from './default-value.js';
import { badPointer, CapnpError, nestingLimit, outOfBounds } from './errors.js';
import type { ListType } from './list-type.js';
import { FAR, followFar, landed, STRUCT } from './pointer.js';
import { found, foundNothing, locateBytes, locateList } from './read-list.js';
import type { Segment } from './segment.js';
import type { StructReader } from './struct-reader.js';
import type { ReaderConstructor } from './struct-type.js';

/** Depth that defaults and empty structs are read with: they are ours and finite. */
const TRUSTED_DEPTH = 1 << 30;

/** Reads the struct that the non-null pointer `lo`/`hi` at byte `at` leads to. */
export function readStruct<R extends StructReader>(
  from: Segment,
  at: number,
  lo: number,
  hi: number,
  depth: number,
  Reader: ReaderConstructor<R>,
): R {
  let segment = from;
  let base = at + 8;
  let low = lo;
  let high = hi;
  if ((lo & 3) === FAR) {
    segment = followFar(from, lo, hi);
    base = landed.base;
    low = landed.lo;
    high = landed.hi;
  }
  if ((low & 3) !== STRUCT) throw badPointer('expected a struct');
  if (depth <= 0) throw nestingLimit();
  const data = base + ((low | 0) >> 2) * 8;
  const dataBytes = (high & 0xffff) * 8;
  const pointerCount = high >>> 16;
  const pointers = data + dataBytes;
  if (data < segment.start || pointers + pointerCount * 8 > segment.end) throw outOfBounds('a struct');
  charge(segment.arena, dataBytes + pointerCount * 8);
  return new Reader(segment, data, dataBytes, pointers, pointerCount, depth - 1);
}

/** A struct whose pointer is null. */
export function defaultStruct<R extends StructReader>(
  Reader: ReaderConstructor<R>,
  value: DefaultValue | undefined,
): R {
  if (value === undefined) return new Reader(EMPTY, 0, 0, 0, 0, TRUSTED_DEPTH);
  const { segment } = value;
  return readStruct(segment, 0, rootLo(segment), rootHi(segment), TRUSTED_DEPTH, Reader);
}

/** A list whose pointer is null. */
export function defaultList<R>(type: ListType<R, unknown>, value: DefaultValue | undefined): R {
  if (value === undefined) {
    foundNothing(type.elementSize);
    return type.reader(EMPTY, TRUSTED_DEPTH);
  }
  const { segment } = value;
  locateList(segment, 0, rootLo(segment), rootHi(segment), type.elementSize, TRUSTED_DEPTH);
  return type.reader(segment, TRUSTED_DEPTH);
}

/** Data whose pointer is null. A copy: nobody may write into a default. */
export function defaultBytes(value: DefaultValue | undefined): Uint8Array {
  if (value === undefined) return new Uint8Array(0);
  const { segment } = value;
  locateBytes(segment, 0, rootLo(segment), rootHi(segment), TRUSTED_DEPTH);
  return segment.bytes.slice(found.start, found.start + found.length);
}

function rootLo(segment: Segment): number {
  return segment.view.getUint32(0, true);
}

function rootHi(segment: Segment): number {
  return segment.view.getUint32(4, true);
}

/** Length of a text without its terminator. */
export function textBytes(segment: Segment, start: number, length: number): number {
  if (length === 0 || segment.bytes[start + length - 1] !== 0) {
    throw new CapnpError('ERR_FLOW_IPC_CAPNP_BAD_TEXT', 'a Text does not end in a zero byte');
  }
  return length - 1;
}
