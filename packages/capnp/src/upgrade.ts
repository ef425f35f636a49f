// Objects written with an older schema grow in place: a larger copy takes over what they point at.

import { abandonPads } from './abandon.js';
import { clear, place as placeFree, tooBig } from './allocate.js';
import { badPointer, outOfBounds } from './errors.js';
import { copyLink, type Place } from './link.js';
import { BITS_PER_ELEMENT, ElementSize, LIST, MAX_LIST, STRUCT } from './pointer.js';
import type { Segment } from './segment.js';

/** What an object must have room for. */
export interface Size {
  readonly dataWords: number;
  readonly pointerCount: number;
}

/** Elements of a list, or the one struct, as they lie. */
interface Elements {
  readonly start: number;
  readonly length: number;
  readonly step: number;
  readonly dataBytes: number;
  readonly pointers: number;
}

/** A copy of a struct with at least `size`. The old one is left as it is, to be wiped by `retire`. */
export function enlargeStruct(old: Place, size: Size): Place {
  const dataBytes = (old.hi & 0xffff) * 8;
  const pointers = old.hi >>> 16;
  const dataWords = Math.max(dataBytes / 8, size.dataWords);
  const pointerCount = Math.max(pointers, size.pointerCount);
  const bytes = (dataWords + pointerCount) * 8;
  const { segment, at } = placeFree(old.segment, bytes);
  clear(segment, at, bytes);
  const from = { start: old.at, length: 1, step: 0, dataBytes, pointers };
  copyElements(old.segment, from, segment, at, dataWords, pointerCount);
  return { segment, at, kind: STRUCT, hi: ((pointerCount << 16) | dataWords) >>> 0 };
}

/** A copy of a list as a list of structs of at least `size`. */
export function enlargeList(old: Place, size: Size): Place {
  const from = elementsOf(old);
  const dataWords = Math.max(Math.ceil(from.dataBytes / 8), size.dataWords);
  const pointerCount = Math.max(from.pointers, size.pointerCount);
  const words = from.length * (dataWords + pointerCount);
  if (words > MAX_LIST) throw tooBig('a list');
  const { segment, at } = placeFree(old.segment, 8 + words * 8);
  clear(segment, at, 8 + words * 8);
  segment.view.setUint32(at, from.length * 4, true);
  segment.view.setUint32(at + 4, ((pointerCount << 16) | dataWords) >>> 0, true);
  copyElements(old.segment, from, segment, at + 8, dataWords, pointerCount);
  return { segment, at, kind: LIST, hi: words * 8 + ElementSize.composite };
}

function elementsOf({ segment, at, hi }: Place): Elements {
  const size = (hi & 7) as ElementSize;
  const length = hi >>> 3;
  if (size === ElementSize.bit) throw badPointer('a list of Bool cannot become a list of structs');
  if (size !== ElementSize.composite) {
    const pointers = size === ElementSize.pointer ? 1 : 0;
    const step = BITS_PER_ELEMENT[size] / 8;
    return { start: at, length, step, dataBytes: pointers === 1 ? 0 : step, pointers };
  }
  const tagLo = segment.view.getUint32(at, true);
  const tagHi = segment.view.getUint32(at + 4, true);
  const dataBytes = (tagHi & 0xffff) * 8;
  const pointers = tagHi >>> 16;
  const step = dataBytes + pointers * 8;
  if ((tagLo & 3) !== STRUCT) throw badPointer('the tag of a list of structs is not a struct');
  if ((tagLo >>> 2) * step > length * 8) throw outOfBounds('a list of structs');
  return { start: at + 8, length: tagLo >>> 2, step, dataBytes, pointers };
}

function copyElements(
  source: Segment,
  from: Elements,
  to: Segment,
  at: number,
  dataWords: number,
  pointerCount: number,
): void {
  const step = (dataWords + pointerCount) * 8;
  for (let i = 0; i < from.length; i++) {
    const old = from.start + i * from.step;
    const copy = at + i * step;
    to.bytes.set(source.bytes.subarray(old, old + from.dataBytes), copy);
    for (let p = 0; p < from.pointers; p++) {
      copyLink(source, old + from.dataBytes + p * 8, to, copy + dataWords * 8 + p * 8);
    }
  }
}

/** Zeroes the words of an object that a larger copy has replaced, and the pads of the pointer that led there. */
export function retire(
  old: Place,
  bytes: number,
  pointer?: { segment: Segment; lo: number; hi: number },
): void {
  old.segment.bytes.fill(0, old.at, old.at + bytes);
  if (pointer !== undefined) abandonPads(pointer.segment, pointer.lo, pointer.hi);
}
