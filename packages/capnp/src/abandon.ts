// Wipes an object whose pointer has been overwritten, and everything below it.

import type { Place } from './link.js';
import { BITS_PER_ELEMENT, ElementSize, FAR, LIST, STRUCT } from './pointer.js';
import type { Segment } from './segment.js';

/** A pointer yet to be followed: segment, byte position it counts from, and its two halves. */
type Pending = [segment: Segment, base: number, lo: number, hi: number];

/**
 * Zeroes what the pointer `lo`/`hi`, which stood at byte `at`, led to, so that it can leak nothing. The space
 * is not used again, as in C++.
 *
 * The message may lie in memory that a peer can write, so nothing here trusts it: what leads out of the used
 * part of a segment is left alone, and each pointer is followed once, which bounds the work.
 */
export function abandon(segment: Segment, at: number, lo: number, hi: number): void {
  if ((lo | hi) === 0) return;
  abandonAll([[segment, at + 8, lo, hi]]);
}

function abandonAll(pending: Pending[]): void {
  for (;;) {
    const next = pending.pop();
    if (next === undefined) return;
    if ((next[2] & 3) === FAR) {
      const target = landAndWipe(next);
      if (target !== undefined) wipe(target, pending);
    } else {
      wipe(next, pending);
    }
  }
}

/** Zeroes an object that no pointer leads to, and everything below it. */
export function abandonObject({ segment, at, kind, hi }: Place): void {
  abandonAll([[segment, at, kind, hi]]);
}

/** Sets the pointer at byte `at` to null and zeroes its landing pad; the object stays. */
export function unlink(segment: Segment, at: number): void {
  const lo = segment.view.getUint32(at, true);
  const hi = segment.view.getUint32(at + 4, true);
  segment.bytes.fill(0, at, at + 8);
  abandonPads(segment, lo, hi);
}

/** Zeroes the landing pad of a pointer, if it is far. */
export function abandonPads(segment: Segment, lo: number, hi: number): void {
  if ((lo & 3) === FAR) landAndWipe([segment, 0, lo, hi]);
}

/** Follows a far pointer and zeroes its landing pad. */
function landAndWipe([from, , lo, hi]: Pending): Pending | undefined {
  const segment = segmentOf(from, hi);
  const padBytes = (lo & 4) === 0 ? 8 : 16;
  if (segment === undefined) return undefined;
  const pad = segment.start + (lo >>> 3) * 8;
  if (pad + padBytes > segment.end) return undefined;
  const padLo = segment.view.getUint32(pad, true);
  const padHi = segment.view.getUint32(pad + 4, true);
  if (padBytes === 8) {
    segment.bytes.fill(0, pad, pad + 8);
    return (padLo & 3) === FAR ? undefined : [segment, pad + 8, padLo, padHi];
  }
  const tagLo = segment.view.getUint32(pad + 8, true);
  const tagHi = segment.view.getUint32(pad + 12, true);
  segment.bytes.fill(0, pad, pad + 16);
  const target = segmentOf(segment, padHi);
  if (target === undefined || (padLo & 7) !== FAR || (tagLo & 3) === FAR) return undefined;
  return [target, target.start + (padLo >>> 3) * 8, tagLo & 3, tagHi];
}

function segmentOf(from: Segment, id: number): Segment | undefined {
  try {
    return from.arena.segment(id);
  } catch {
    return undefined;
  }
}

function wipe([segment, base, lo, hi]: Pending, pending: Pending[]): void {
  const target = base + ((lo | 0) >> 2) * 8;
  if (target < segment.start) return;
  if ((lo & 3) === STRUCT) {
    wipeStructs(segment, target, 1, (hi & 0xffff) * 8, hi >>> 16, pending);
    return;
  }
  if ((lo & 3) !== LIST) return;
  const length = hi >>> 3;
  const size = (hi & 7) as ElementSize;
  if (size === ElementSize.pointer) {
    wipeStructs(segment, target, length, 0, 1, pending);
  } else if (size === ElementSize.composite) {
    if (target + 8 > segment.end) return;
    const tagLo = segment.view.getUint32(target, true);
    const tagHi = segment.view.getUint32(target + 4, true);
    const dataBytes = (tagHi & 0xffff) * 8;
    const pointers = tagHi >>> 16;
    const elements = tagLo >>> 2;
    if (elements * (dataBytes + pointers * 8) > length * 8) return;
    wipeStructs(segment, target + 8, elements, dataBytes, pointers, pending);
    segment.bytes.fill(0, target, target + 8);
  } else {
    const bytes = Math.ceil((length * BITS_PER_ELEMENT[size]) / 64) * 8;
    if (target + bytes <= segment.end) segment.bytes.fill(0, target, target + bytes);
  }
}

/** Collects the pointers of `length` structs that lie in a row, then zeroes them. */
function wipeStructs(
  segment: Segment,
  start: number,
  length: number,
  dataBytes: number,
  pointers: number,
  pending: Pending[],
): void {
  const step = dataBytes + pointers * 8;
  const end = start + length * step;
  if (end > segment.end) return;
  if (pointers > 0) {
    for (let element = start; element < end; element += step) {
      for (let at = element + dataBytes; at < element + step; at += 8) {
        const lo = segment.view.getUint32(at, true);
        const hi = segment.view.getUint32(at + 4, true);
        if ((lo | hi) !== 0) pending.push([segment, at + 8, lo, hi]);
      }
    }
  }
  segment.bytes.fill(0, start, end);
}
