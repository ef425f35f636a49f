// Deep copies of objects from one message into another.

import { allocate, clear, placed } from './allocate.js';
import { charge, chargeEmptyElements } from './budget.js';
import type { DefaultValue } from './default-value.js';
import { badPointer, nestingLimit, outOfBounds } from './errors.js';
import { BITS_PER_ELEMENT, ElementSize, FAR, followFar, LIST, landed, STRUCT } from './pointer.js';
import type { Segment } from './segment.js';

/** Copies the value of a pointer field's default to the null pointer at byte `at`. */
export function copyDefault(value: DefaultValue, to: Segment, at: number): void {
  copyPointer(value.segment, 0, to, at, 64);
}

/**
 * Copies what the pointer at byte `from` of `source` leads to, and sets the null pointer at byte `at` of
 * `to` to the copy. Objects are laid out in pre-order. The source is checked as by any reader.
 */
export function copyPointer(source: Segment, from: number, to: Segment, at: number, depth: number): void {
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
  if ((lo & 3) === STRUCT) {
    const dataBytes = (hi & 0xffff) * 8;
    const pointers = hi >>> 16;
    const bytes = dataBytes + pointers * 8;
    checkPart(segment, target, bytes);
    const copy = allocate(to, at, bytes, STRUCT, hi);
    copyStructs(segment, target, copy, placed.at, 1, dataBytes, pointers, depth - 1);
  } else if ((lo & 3) === LIST) {
    copyListAt(segment, target, hi, to, at, depth - 1);
  } else {
    throw badPointer('a capability cannot be copied');
  }
}

export function copyListAt(
  segment: Segment,
  target: number,
  hi: number,
  to: Segment,
  at: number,
  depth: number,
): void {
  const size = (hi & 7) as ElementSize;
  const length = hi >>> 3;
  if (size !== ElementSize.composite) {
    const bytes = Math.ceil((length * BITS_PER_ELEMENT[size]) / 64) * 8;
    checkPart(segment, target, bytes);
    if (bytes === 0) chargeEmptyElements(segment, length);
    const copy = allocate(to, at, bytes, LIST, hi);
    if (size === ElementSize.pointer) {
      copyStructs(segment, target, copy, placed.at, length, 0, 1, depth);
    } else {
      copyBytes(segment, target, copy, placed.at, bytes);
    }
    return;
  }
  checkPart(segment, target, 8 + length * 8);
  const tagLo = segment.view.getUint32(target, true);
  const tagHi = segment.view.getUint32(target + 4, true);
  const dataBytes = (tagHi & 0xffff) * 8;
  const pointers = tagHi >>> 16;
  const elements = tagLo >>> 2;
  if ((tagLo & 3) !== STRUCT) throw badPointer('the tag of a list of structs is not a struct');
  if (elements * (dataBytes + pointers * 8) > length * 8) throw outOfBounds('a list of structs');
  const copy = allocate(to, at, 8 + length * 8, LIST, hi);
  const start = placed.at;
  clear(copy, start, 8 + length * 8);
  copy.view.setUint32(start, tagLo, true);
  copy.view.setUint32(start + 4, tagHi, true);
  copyStructs(segment, target + 8, copy, start + 8, elements, dataBytes, pointers, depth);
}

function copyStructs(
  source: Segment,
  from: number,
  to: Segment,
  at: number,
  length: number,
  dataBytes: number,
  pointers: number,
  depth: number,
): void {
  const step = dataBytes + pointers * 8;
  if (step === 0) {
    chargeEmptyElements(source, length);
    return;
  }
  clear(to, at, length * step);
  for (let i = 0; i < length; i++) {
    const offset = i * step;
    copyBytes(source, from + offset, to, at + offset, dataBytes);
    for (let p = offset + dataBytes; p < offset + step; p += 8) {
      copyPointer(source, from + p, to, at + p, depth);
    }
  }
}

export function copyBytes(source: Segment, from: number, to: Segment, at: number, bytes: number): void {
  if (bytes > 0) to.bytes.set(source.bytes.subarray(from, from + bytes), at);
}

/** Checks that an object of the source lies in its segment, and counts it. */
export function checkPart(segment: Segment, target: number, bytes: number): void {
  if (target < segment.start || target + bytes > segment.end) throw outOfBounds('an object');
  charge(segment.arena, bytes);
}
