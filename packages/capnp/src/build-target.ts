// Objects without a pointer: made beside the message, opened by their place.

import { clear, place as placeFree } from './allocate.js';
import { layList, listBytes, listHi } from './build-list.js';
import { EMPTY } from './default-value.js';
import { badPointer } from './errors.js';
import { checkBounds, type Place, sizeOf } from './link.js';
import type { ListType } from './list-type.js';
import { count } from './numbers.js';
import { ElementSize, LIST, STRUCT } from './pointer.js';
import type { PointerType, StructShape } from './pointer-type.js';
import { found, foundNothing, locateAt } from './read-list.js';
import { textBytes } from './read-struct.js';
import type { Segment } from './segment.js';
import { decodeText, encodeText, textLength } from './text.js';
import { enlargeList, enlargeStruct, retire } from './upgrade.js';

/** The list type that Text and Data are laid out as. */
const BYTES = { elementSize: ElementSize.byte, dataWords: 0, pointerCount: 0 };

/** Makes a zeroed object that no pointer leads to; `argument` as for `initPointer`. Undefined for AnyPointer. */
export function makeTarget(
  type: PointerType<unknown, unknown>,
  near: Segment,
  argument?: number | string,
): Place | undefined {
  if ('Reader' in type) {
    const { dataWords, pointerCount } = type;
    const bytes = (dataWords + pointerCount) * 8;
    const { segment, at } = placeFree(near, bytes);
    clear(segment, at, bytes);
    return { segment, at, kind: STRUCT, hi: ((pointerCount << 16) | dataWords) >>> 0 };
  }
  if ('elementSize' in type) return makeList(type, near, argument as number);
  if (type.leaf === 'data') return makeList(BYTES, near, count(argument as number, 'a Data length'));
  if (type.leaf !== 'text') return undefined;
  const text = argument as string;
  if (typeof text !== 'string') throw new TypeError(`Text needs a string, not ${typeof text}`);
  const length = textLength(text);
  const made = makeList(BYTES, near, length + 1);
  encodeText(made.segment, made.at, text, length);
  return made;
}

function makeList(type: Parameters<typeof listBytes>[0], near: Segment, length: number): Place {
  const bytes = listBytes(type, length);
  const { segment, at } = placeFree(near, bytes);
  layList(segment, at, bytes, type, length);
  return { segment, at, kind: LIST, hi: listHi(type, length) };
}

/**
 * The builder of the object at `place`. One of an older schema grows and moves, and a missing struct is made:
 * `moved` is told the new place.
 */
export function openTarget<B>(
  type: PointerType<unknown, B>,
  near: Segment,
  place: Place | undefined,
  moved: (place: Place) => void,
): B {
  if (place !== undefined) checkBounds(place);
  if ('Reader' in type) return openStructAt(type, near, place, moved);
  if ('elementSize' in type) return openListAt(type, place, moved);
  if (type.leaf !== 'text' && type.leaf !== 'data') {
    throw new TypeError('say what the orphan is to be opened as: orphan.as(type)');
  }
  if (place === undefined) return (type.leaf === 'text' ? '' : new Uint8Array(0)) as B;
  if (place.kind !== LIST || (place.hi & 7) !== ElementSize.byte) throw badPointer('expected Text or Data');
  const length = place.hi >>> 3;
  if (type.leaf === 'data') return place.segment.slice(place.at, length) as B;
  return decodeText(place.segment, place.at, textBytes(place.segment, place.at, length)) as B;
}

function openStructAt<B>(
  type: StructShape<unknown, B>,
  near: Segment,
  found: Place | undefined,
  moved: (place: Place) => void,
): B {
  let place = found;
  if (place === undefined) {
    place = makeTarget(type, near)!;
    moved(place);
  }
  if (place.kind !== STRUCT) throw badPointer('expected a struct');
  if ((place.hi & 0xffff) < type.dataWords || place.hi >>> 16 < type.pointerCount) {
    const old = place;
    place = enlargeStruct(old, type);
    moved(place);
    retire(old, sizeOf(old.kind, old.hi));
  }
  const pointers = place.at + (place.hi & 0xffff) * 8;
  return new type.Builder(place.segment, place.at, pointers, place.hi >>> 16);
}

function openListAt<B>(
  type: ListType<unknown, B>,
  place: Place | undefined,
  moved: (place: Place) => void,
): B {
  if (place === undefined) {
    foundNothing(type.elementSize);
    return type.builder(EMPTY);
  }
  if (place.kind !== LIST) throw badPointer('expected a list');
  locateAt(place.segment, place.at, place.hi, type.elementSize);
  if (found.dataBytes >= type.dataWords * 8 && found.pointerCount >= type.pointerCount) {
    return type.builder(place.segment);
  }
  const grown = enlargeList(place, type);
  moved(grown);
  retire(place, sizeOf(place.kind, place.hi));
  return openListAt(type, grown, moved);
}
