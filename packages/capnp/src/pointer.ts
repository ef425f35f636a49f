// The pointer word: constants and the one routine that follows far pointers.
//
// A pointer is 64 bits, read as two unsigned halves `lo` and `hi`:
//   struct  lo = signed word offset << 2 | 0    hi = pointers << 16 | data words
//   list    lo = signed word offset << 2 | 1    hi = element count << 3 | element size
//   far     lo = pad's word position << 3 | double << 2 | 2    hi = segment id
//   other   lo & 3 == 3: a capability, which these messages never carry

import { badPointer, outOfBounds } from './errors.js';
import type { Segment } from './segment.js';

export const STRUCT = 0;
export const LIST = 1;
export const FAR = 2;

/** The three low bits of a list pointer's high half. */
export const ElementSize = {
  void: 0,
  bit: 1,
  byte: 2,
  twoBytes: 3,
  fourBytes: 4,
  eightBytes: 5,
  pointer: 6,
  composite: 7,
} as const;
export type ElementSize = (typeof ElementSize)[keyof typeof ElementSize];

/** Bits of one element by element size code; composite has none of its own. */
export const BITS_PER_ELEMENT = [0, 1, 8, 16, 32, 64, 64, 0] as const;

/** Largest element count and word count that a list pointer expresses. */
export const MAX_LIST = 2 ** 29 - 1;

/** Where a far pointer led: out-parameters of `followFar`, to be copied to locals at once. */
export const landed = { base: 0, lo: 0, hi: 0 };

/**
 * Follows a far pointer (at most two hops by construction) to the pointer that describes the object.
 * Returns the object's segment and sets `landed`: the byte position that the word offset counts from, and
 * the two halves of the describing pointer, which is never far itself.
 */
export function followFar(from: Segment, lo: number, hi: number): Segment {
  const padSegment = from.arena.segment(hi);
  const pad = padSegment.start + (lo >>> 3) * 8;
  const isDouble = (lo & 4) !== 0;
  if (pad + (isDouble ? 16 : 8) > padSegment.end) throw outOfBounds('the landing pad of a far pointer');
  const padLo = padSegment.view.getUint32(pad, true);
  const padHi = padSegment.view.getUint32(pad + 4, true);
  if (!isDouble) {
    if ((padLo & 3) === FAR) throw badPointer('a far pointer leads to another far pointer');
    landed.base = pad + 8;
    landed.lo = padLo;
    landed.hi = padHi;
    return padSegment;
  }
  // Double-far: the pad is a far pointer to the object's first word, then a tag that describes the object.
  const tagLo = padSegment.view.getUint32(pad + 8, true);
  const tagHi = padSegment.view.getUint32(pad + 12, true);
  if ((padLo & 7) !== FAR) throw badPointer('the pad of a double-far pointer is not a single far pointer');
  if ((tagLo & 3) === FAR) throw badPointer('the tag of a double-far pointer is a far pointer');
  const segment = padSegment.arena.segment(padHi);
  landed.base = segment.start + (padLo >>> 3) * 8;
  landed.lo = tagLo & 3; // the tag's own offset means nothing, the kind is kept
  landed.hi = tagHi;
  return segment;
}
