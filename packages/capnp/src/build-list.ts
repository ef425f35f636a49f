// Makes and finds lists, Text and Data in a message under construction.

import { abandon } from './abandon.js';
import { allocate, clear, placed, tooBig } from './allocate.js';
import { copyDefault } from './copy.js';
import type { DefaultValue } from './default-value.js';
import { badPointer } from './errors.js';
import type { ListType } from './list-type.js';
import { count } from './numbers.js';
import { BITS_PER_ELEMENT, ElementSize, LIST, MAX_LIST } from './pointer.js';
import { found, foundNothing, locateBytes, locateList } from './read-list.js';
import type { Segment } from './segment.js';
import { encodeText, textLength } from './text.js';

/** Makes a zeroed list of `length` elements for the pointer at byte `at`; its old object is abandoned. */
export function initList<B>(owner: Segment, at: number, type: ListType<unknown, B>, length: number): B {
  if (count(length, 'a list length') > MAX_LIST) throw tooBig('a list');
  const oldLo = owner.view.getUint32(at, true);
  const oldHi = owner.view.getUint32(at + 4, true);
  const { elementSize } = type;
  let segment: Segment;
  if (elementSize === ElementSize.composite) {
    const { dataWords, pointerCount } = type;
    const words = length * (dataWords + pointerCount);
    if (words > MAX_LIST) throw tooBig('a list');
    segment = allocate(owner, at, 8 + words * 8, LIST, words * 8 + ElementSize.composite);
    const start = placed.at;
    clear(segment, start, 8 + words * 8);
    segment.view.setUint32(start, length * 4, true);
    segment.view.setUint32(start + 4, ((pointerCount << 16) | dataWords) >>> 0, true);
    found.start = start + 8;
    found.stepBits = (dataWords + pointerCount) * 64;
    found.dataBytes = dataWords * 8;
    found.pointerCount = pointerCount;
  } else {
    const bits = BITS_PER_ELEMENT[elementSize];
    const bytes = Math.ceil((length * bits) / 64) * 8;
    segment = allocate(owner, at, bytes, LIST, length * 8 + elementSize);
    clear(segment, placed.at, bytes);
    found.start = placed.at;
    found.stepBits = bits;
  }
  found.length = length;
  const list = type.builder(segment);
  abandon(owner, at, oldLo, oldHi);
  return list;
}

/** The list that the pointer at byte `at` leads to; its default, if any, is copied in when null. */
export function openList<B>(
  owner: Segment,
  at: number,
  type: ListType<unknown, B>,
  value: DefaultValue | undefined,
): B {
  if (isNull(owner, at)) {
    if (value === undefined) {
      foundNothing();
      return type.builder(owner);
    }
    copyDefault(value, owner, at);
  }
  const lo = owner.view.getUint32(at, true);
  const hi = owner.view.getUint32(at + 4, true);
  const segment = locateList(owner, at, lo, hi, type.elementSize, 1);
  if (found.dataBytes < type.dataWords * 8 || found.pointerCount < type.pointerCount) {
    throw badPointer('a list of an older schema cannot be changed in place: initialise it anew');
  }
  return type.builder(segment);
}

/** Writes Text for the pointer at byte `at`; its old object is abandoned. */
export function setText(owner: Segment, at: number, text: string): void {
  if (typeof text !== 'string') throw new TypeError(`Text needs a string, not ${typeof text}`);
  const length = textLength(text);
  const oldLo = owner.view.getUint32(at, true);
  const oldHi = owner.view.getUint32(at + 4, true);
  const segment = allocateBytes(owner, at, length + 1, length);
  encodeText(segment, placed.at, text, length);
  abandon(owner, at, oldLo, oldHi);
}

/** Copies `data` for the pointer at byte `at`; its old object, of which `data` may be a view, is abandoned. */
export function setBytes(owner: Segment, at: number, data: Uint8Array): void {
  if (!(data instanceof Uint8Array)) throw new TypeError('Data needs a Uint8Array');
  const { length } = data;
  const oldLo = owner.view.getUint32(at, true);
  const oldHi = owner.view.getUint32(at + 4, true);
  const segment = allocateBytes(owner, at, length, length);
  segment.bytes.set(data, placed.at);
  abandon(owner, at, oldLo, oldHi);
}

/** Makes zeroed Data for the pointer at byte `at` and returns it as a view to be filled. */
export function initBytes(owner: Segment, at: number, length: number): Uint8Array {
  const oldLo = owner.view.getUint32(at, true);
  const oldHi = owner.view.getUint32(at + 4, true);
  const segment = allocateBytes(owner, at, count(length, 'a Data length'), 0);
  const start = placed.at;
  abandon(owner, at, oldLo, oldHi);
  return segment.slice(start, length);
}

/** Allocates a list of bytes of which the caller fills the first `filled`; the others are zeroed. */
function allocateBytes(owner: Segment, at: number, length: number, filled: number): Segment {
  if (length > MAX_LIST) throw tooBig('a Text or Data');
  const bytes = Math.ceil(length / 8) * 8;
  const segment = allocate(owner, at, bytes, LIST, length * 8 + ElementSize.byte);
  // By whole words: the word in which the caller stops is zeroed too.
  const untouched = filled - (filled % 8);
  if (untouched < bytes) clear(segment, placed.at + untouched, bytes - untouched);
  return segment;
}

/** Finds Text or Data of a message under construction; sets `found`. Undefined when null. */
export function openBytes(owner: Segment, at: number): Segment | undefined {
  const lo = owner.view.getUint32(at, true);
  const hi = owner.view.getUint32(at + 4, true);
  return (lo | hi) === 0 ? undefined : locateBytes(owner, at, lo, hi, 1);
}

/** As `openBytes`, with the default copied in when null: a view of it may be written to. */
export function openData(owner: Segment, at: number, value: DefaultValue | undefined): Uint8Array {
  if (value !== undefined && isNull(owner, at)) copyDefault(value, owner, at);
  const segment = openBytes(owner, at);
  return segment === undefined ? new Uint8Array(0) : segment.slice(found.start, found.length);
}

export function isNull(owner: Segment, at: number): boolean {
  return (owner.view.getUint32(at, true) | owner.view.getUint32(at + 4, true)) === 0;
}

/** Sets a pointer to null; its object is abandoned. */
export function clearPointer(owner: Segment, at: number): void {
  const lo = owner.view.getUint32(at, true);
  const hi = owner.view.getUint32(at + 4, true);
  owner.bytes.fill(0, at, at + 8);
  abandon(owner, at, lo, hi);
}
