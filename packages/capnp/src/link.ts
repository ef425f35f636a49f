// Where an object lies, independent of the pointer that leads to it: finding it, moving its pointer.

import { outOfBounds } from './errors.js';
import type { MessageBuilder } from './message-builder.js';
import { BITS_PER_ELEMENT, ElementSize, FAR, followFar, LIST, landed, STRUCT } from './pointer.js';
import type { Segment } from './segment.js';

/** An object in a message under construction. */
export interface Place {
  readonly segment: Segment;
  /** Byte position of its first word (the tag, for lists of structs). */
  readonly at: number;
  /** STRUCT, LIST, or 3 for a capability. */
  readonly kind: number;
  /** The high half of its pointer: its size. */
  readonly hi: number;
}

/** The object that the non-null pointer at byte `at` leads to. Its bounds are not checked. */
export function resolve(owner: Segment, at: number): Place {
  const lo = owner.view.getUint32(at, true);
  const hi = owner.view.getUint32(at + 4, true);
  if ((lo & 3) !== FAR) return { segment: owner, at: at + 8 + ((lo | 0) >> 2) * 8, kind: lo & 3, hi };
  const segment = followFar(owner, lo, hi);
  const { base, lo: low, hi: high } = landed;
  return { segment, at: base + ((low | 0) >> 2) * 8, kind: low & 3, hi: high };
}

/** Bytes that an object occupies, tag included. */
export function sizeOf(kind: number, hi: number): number {
  if (kind === STRUCT) return ((hi & 0xffff) + (hi >>> 16)) * 8;
  if (kind !== LIST) return 0;
  const size = (hi & 7) as ElementSize;
  if (size === ElementSize.composite) return 8 + (hi >>> 3) * 8;
  return Math.ceil(((hi >>> 3) * BITS_PER_ELEMENT[size]) / 64) * 8;
}

/** @throws CapnpError OUT_OF_BOUNDS when the object does not lie within the used part of its segment */
export function checkBounds(place: Place): void {
  if (place.at < place.segment.start || place.at + sizeOf(place.kind, place.hi) > place.segment.end) {
    throw outOfBounds('an object');
  }
}

/**
 * Makes the pointer at byte `at` lead to `place`, whatever it led to before. In another segment that takes a
 * landing pad; if the allocator refuses room for it, nothing is changed.
 */
export function link(owner: Segment, at: number, place: Place): void {
  const { segment, kind, hi } = place;
  if (kind === STRUCT && hi === 0) {
    write(owner, at, -4, 0);
  } else if (kind === 3) {
    write(owner, at, 3, hi);
  } else if (segment === owner) {
    write(owner, at, ((place.at - at) / 8 - 1) * 4 + kind, hi);
  } else if (segment.end + 8 <= segment.limit) {
    const pad = segment.end;
    segment.end = pad + 8;
    write(segment, pad, ((place.at - pad) / 8 - 1) * 4 + kind, hi);
    write(owner, at, pad - segment.start + FAR, segment.id);
  } else {
    const other = (owner.arena as MessageBuilder).room(16);
    const pad = other.end;
    other.end = pad + 16;
    write(other, pad, place.at - segment.start + FAR, segment.id);
    write(other, pad + 8, kind, hi);
    write(owner, at, pad - other.start + FAR + 4, other.id);
  }
}

/** Copies the pointer at byte `from`, which may be null, to byte `at` of any segment; same object, new pointer. */
export function copyLink(source: Segment, from: number, to: Segment, at: number): void {
  const lo = source.view.getUint32(from, true);
  const hi = source.view.getUint32(from + 4, true);
  if ((lo | hi) === 0 || (lo & 3) === FAR || (lo & 3) === 3) write(to, at, lo, hi);
  else link(to, at, { segment: source, at: from + 8 + ((lo | 0) >> 2) * 8, kind: lo & 3, hi });
}

function write(segment: Segment, at: number, lo: number, hi: number): void {
  segment.view.setInt32(at, lo, true);
  segment.view.setUint32(at + 4, hi, true);
}
