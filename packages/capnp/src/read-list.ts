// Follows a list pointer and finds out how its elements lie, including lists of an older or newer schema.

import { charge, chargeEmptyElements } from './budget.js';
import { badPointer, nestingLimit, outOfBounds } from './errors.js';
import { BITS_PER_ELEMENT, ElementSize, FAR, followFar, LIST, landed } from './pointer.js';
import type { Segment } from './segment.js';

/** A list's place in memory: out-parameters of `locateList`, to be copied at once. */
export const found = {
  /** Byte position of element 0 (of its pointer, when pointers were asked for). */
  start: 0,
  length: 0,
  /** Distance of elements; only lists of single bits are not whole bytes apart. */
  stepBits: 0,
  /** Byte position of the list itself, which begins with a tag when its elements are structs. */
  target: 0,
  /** The high half of its pointer: element size and count as encoded. */
  hi: 0,
  /** What each element holds when read as a struct. */
  dataBytes: 0,
  pointerCount: 0,
};

/** What a null list pointer leads to: an empty list, at the start of a segment that begins with a zero word. */
export function foundNothing(elementSize: ElementSize): void {
  found.target = 0;
  found.hi = elementSize;
  found.start = 0;
  found.length = 0;
  found.stepBits = 0;
  found.dataBytes = 0;
  found.pointerCount = 0;
}

/**
 * Finds the list that the non-null pointer `lo`/`hi` at byte `at` leads to. Returns its segment, sets `found`.
 * `wanted` is the element size of the field's type; the list may hold larger elements (written with a newer
 * schema), or structs that begin with such an element.
 */
export function locateList(
  from: Segment,
  at: number,
  lo: number,
  hi: number,
  wanted: ElementSize,
  depth: number,
): Segment {
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
  if ((low & 3) !== LIST) throw badPointer('expected a list');
  if (depth <= 0) throw nestingLimit();
  locateAt(segment, base + ((low | 0) >> 2) * 8, high, wanted);
  return segment;
}

/** As `locateList`, of the list that lies at byte `target`. */
export function locateAt(segment: Segment, target: number, hi: number, wanted: ElementSize): void {
  const size = (hi & 7) as ElementSize;
  if (target < segment.start) throw outOfBounds('a list');
  if (size === ElementSize.composite) locateComposite(segment, target, hi >>> 3, wanted);
  else locatePlain(segment, target, size, hi >>> 3, wanted);
  found.target = target;
  found.hi = hi;
}

function locateComposite(segment: Segment, target: number, words: number, wanted: ElementSize): void {
  if (target + 8 + words * 8 > segment.end) throw outOfBounds('a list of structs');
  const tagLo = segment.view.getUint32(target, true);
  const tagHi = segment.view.getUint32(target + 4, true);
  if ((tagLo & 3) !== 0) throw badPointer('the tag of a list of structs is not a struct');
  const length = tagLo >>> 2;
  const dataBytes = (tagHi & 0xffff) * 8;
  const pointerCount = tagHi >>> 16;
  const stepBytes = dataBytes + pointerCount * 8;
  if (length * stepBytes > words * 8) throw outOfBounds('a list of structs');
  charge(segment.arena, words * 8);
  if (stepBytes === 0) chargeEmptyElements(segment, length);

  let start = target + 8;
  if (wanted === ElementSize.pointer) {
    if (pointerCount === 0) throw badPointer('expected a list of pointers, found structs without pointers');
    start += dataBytes;
  } else if (wanted === ElementSize.bit) {
    throw badPointer('expected a list of Bool, found structs');
  } else if (wanted !== ElementSize.void && wanted !== ElementSize.composite && dataBytes === 0) {
    throw badPointer('expected a list of numbers, found structs without data');
  }
  found.start = start;
  found.length = length;
  found.stepBits = stepBytes * 8;
  found.dataBytes = dataBytes;
  found.pointerCount = pointerCount;
}

function locatePlain(
  segment: Segment,
  target: number,
  size: ElementSize,
  length: number,
  wanted: ElementSize,
): void {
  const bits = BITS_PER_ELEMENT[size];
  const bytes = Math.ceil((length * bits) / 64) * 8;
  if (target + bytes > segment.end) throw outOfBounds('a list');
  charge(segment.arena, bytes);
  if (bits === 0) chargeEmptyElements(segment, length);
  const holdsPointers = size === ElementSize.pointer;
  if (wanted === ElementSize.composite) {
    if (size === ElementSize.bit) throw badPointer('expected a list of structs, found bits');
  } else if (wanted === ElementSize.pointer) {
    if (!holdsPointers) throw badPointer('expected a list of pointers, found data');
  } else if (wanted !== ElementSize.void && (holdsPointers || bits < BITS_PER_ELEMENT[wanted])) {
    throw badPointer('the elements of a list are too small for its type, or pointers');
  }
  found.start = target;
  found.length = length;
  found.stepBits = bits;
  found.dataBytes = holdsPointers ? 0 : bits >>> 3;
  found.pointerCount = holdsPointers ? 1 : 0;
}

/** Finds Text or Data: exact bytes, nothing else is accepted. Returns the segment, sets start and length. */
export function locateBytes(from: Segment, at: number, lo: number, hi: number, depth: number): Segment {
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
  if ((low & 3) !== LIST || (high & 7) !== ElementSize.byte) throw badPointer('expected Text or Data');
  if (depth <= 0) throw nestingLimit();
  const target = base + ((low | 0) >> 2) * 8;
  const length = high >>> 3;
  if (target < segment.start || target + length > segment.end) throw outOfBounds('a Text or Data');
  charge(segment.arena, length);
  found.start = target;
  found.length = length;
  return segment;
}
