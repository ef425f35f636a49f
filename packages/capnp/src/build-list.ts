// Makes and finds lists, Text and Data in a message under construction.

import { abandon } from './abandon.js';
import { allocate, clear, placed, tooBig } from './allocate.js';
import { copyDefault } from './copy.js';
import { type DefaultValue, EMPTY } from './default-value.js';
import { badPointer } from './errors.js';
import { checkBounds, link, resolve, sizeOf } from './link.js';
import type { ListType } from './list-type.js';
import { count } from './numbers.js';
import { BITS_PER_ELEMENT, ElementSize, LIST, MAX_LIST } from './pointer.js';
import { found, foundNothing, locateBytes, locateList } from './read-list.js';
import { textBytes } from './read-struct.js';
import type { Segment } from './segment.js';
import { decodeText, encodeText, textLength } from './text.js';
import { enlargeList, retire, type Size } from './upgrade.js';

/** Makes a zeroed list of `length` elements for the pointer at byte `at`; its old object is abandoned. */
export function initList<B>(owner: Segment, at: number, type: ListType<unknown, B>, length: number): B {
  const oldLo = owner.view.getUint32(at, true);
  const oldHi = owner.view.getUint32(at + 4, true);
  const bytes = listBytes(type, length);
  const segment = allocate(owner, at, bytes, LIST, listHi(type, length));
  layList(segment, placed.at, bytes, type, length);
  const list = type.builder(segment);
  abandon(owner, at, oldLo, oldHi);
  return list;
}

type ListShape = Pick<ListType<unknown, unknown>, 'elementSize' | 'dataWords' | 'pointerCount'>;

/** Bytes of a list, tag included. @throws RangeError or CapnpError TOO_BIG for an impossible length */
export function listBytes(type: ListShape, length: number): number {
  if (count(length, 'a list length') > MAX_LIST) throw tooBig('a list');
  const { elementSize } = type;
  if (elementSize !== ElementSize.composite) {
    return Math.ceil((length * BITS_PER_ELEMENT[elementSize]) / 64) * 8;
  }
  const words = length * (type.dataWords + type.pointerCount);
  if (words > MAX_LIST) throw tooBig('a list');
  return 8 + words * 8;
}

/** The high half of a pointer to a list. */
export function listHi(type: ListShape, length: number): number {
  const { elementSize } = type;
  if (elementSize !== ElementSize.composite) return length * 8 + elementSize;
  return length * (type.dataWords + type.pointerCount) * 8 + elementSize;
}

/** Zeroes a new list, writes its tag, and sets `found`. */
export function layList(segment: Segment, at: number, bytes: number, type: ListShape, length: number): void {
  clear(segment, at, bytes);
  found.length = length;
  found.target = at;
  found.hi = listHi(type, length);
  if (type.elementSize !== ElementSize.composite) {
    found.start = at;
    found.stepBits = BITS_PER_ELEMENT[type.elementSize];
    found.dataBytes = 0;
    found.pointerCount = 0;
    return;
  }
  const { dataWords, pointerCount } = type;
  segment.view.setUint32(at, length * 4, true);
  segment.view.setUint32(at + 4, ((pointerCount << 16) | dataWords) >>> 0, true);
  found.start = at + 8;
  found.stepBits = (dataWords + pointerCount) * 64;
  found.dataBytes = dataWords * 8;
  found.pointerCount = pointerCount;
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
      foundNothing(type.elementSize);
      return type.builder(EMPTY);
    }
    copyDefault(value, owner, at);
  }
  const lo = owner.view.getUint32(at, true);
  const hi = owner.view.getUint32(at + 4, true);
  const segment = locateList(owner, at, lo, hi, type.elementSize, 1);
  if (found.dataBytes < type.dataWords * 8 || found.pointerCount < type.pointerCount) {
    growList(owner, at, type);
    return openList(owner, at, type, undefined);
  }
  return type.builder(segment);
}

/** Replaces a list of an older schema by a larger copy, as in C++. */
function growList(owner: Segment, at: number, size: Size): void {
  const old = resolve(owner, at);
  if (old.kind !== LIST) throw badPointer('expected a list');
  checkBounds(old);
  const lo = owner.view.getUint32(at, true);
  const hi = owner.view.getUint32(at + 4, true);
  link(owner, at, enlargeList(old, size));
  retire(old, sizeOf(old.kind, old.hi), { segment: owner, lo, hi });
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

/** The string of a Text, or `value` when null. */
export function openText(owner: Segment, at: number, value: string): string {
  const segment = openBytes(owner, at);
  if (segment === undefined) return value;
  const { start } = found;
  return decodeText(segment, start, textBytes(segment, start, found.length));
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
