// Reads, opens, makes and sets pointers of a type that is only known at run time.

import { AnyListReader } from './any-list.js';
import { AnyPointerBuilder } from './any-pointer-builder.js';
import { AnyPointerReader } from './any-pointer-reader.js';
import {
  clearPointer,
  initBytes,
  initList,
  openData,
  openList,
  openText,
  setBytes,
  setText,
} from './build-list.js';
import { initStruct, openStruct } from './build-struct.js';
import { EMPTY } from './default-value.js';
import { ListReader } from './list-reader.js';
import type { PointerType } from './pointer-type.js';
import { found, locateBytes, locateList } from './read-list.js';
import { defaultList, defaultStruct, readStruct, textBytes } from './read-struct.js';
import type { Segment } from './segment.js';
import { setAny, setList, setStruct } from './set.js';
import { StructReader } from './struct-reader.js';
import { decodeText } from './text.js';

/** What the pointer at byte `at` leads to, read as `type`; its default when null. */
export function readPointer<R>(
  type: PointerType<R, unknown>,
  segment: Segment,
  at: number,
  depth: number,
): R {
  const lo = segment.view.getUint32(at, true);
  const hi = segment.view.getUint32(at + 4, true);
  const isNull = (lo | hi) === 0;
  if ('Reader' in type) {
    if (isNull) return defaultStruct(type.Reader, undefined);
    return readStruct(segment, at, lo, hi, depth, type.Reader);
  }
  if ('elementSize' in type) {
    if (isNull) return defaultList(type, undefined);
    return type.reader(locateList(segment, at, lo, hi, type.elementSize, depth), depth - 1);
  }
  return readLeaf(type.leaf, segment, at, lo, hi, depth) as R;
}

function readLeaf(
  leaf: string,
  segment: Segment,
  at: number,
  lo: number,
  hi: number,
  depth: number,
): unknown {
  if (leaf === 'anyPointer') return new AnyPointerReader(segment, at, depth);
  if (leaf === 'anyList') return new AnyListReader(segment, at, depth);
  if ((lo | hi) === 0) return leaf === 'text' ? '' : new Uint8Array(0);
  const target = locateBytes(segment, at, lo, hi, depth);
  const { start, length } = found;
  if (leaf === 'text') return decodeText(target, start, textBytes(target, start, length));
  return target.slice(start, length);
}

/** The null pointer of this type. */
export function readNull<R>(type: PointerType<R, unknown>): R {
  return readPointer(type, EMPTY, 0, 1);
}

/** The builder of what the pointer at byte `at` leads to; structs are made when null. */
export function openPointer<B>(type: PointerType<unknown, B>, owner: Segment, at: number): B {
  if ('Reader' in type) return openStruct(owner, at, type, undefined);
  if ('elementSize' in type) return openList(owner, at, type, undefined);
  return openLeaf(type.leaf, owner, at) as B;
}

function openLeaf(leaf: string, owner: Segment, at: number): unknown {
  if (leaf === 'text') return openText(owner, at, '');
  if (leaf === 'data') return openData(owner, at, undefined);
  return new AnyPointerBuilder(owner, at);
}

/** Makes the object anew; `argument` is the length of lists and Data, the string of Text. */
export function initPointer<B>(
  type: PointerType<unknown, B>,
  owner: Segment,
  at: number,
  argument?: number | string,
): B {
  if ('Reader' in type) return initStruct(owner, at, type);
  if ('elementSize' in type) return initList(owner, at, type, argument as number);
  return initLeaf(type.leaf, owner, at, argument) as B;
}

function initLeaf(leaf: string, owner: Segment, at: number, argument?: number | string): unknown {
  if (leaf === 'text') {
    setText(owner, at, argument as string);
    return argument;
  }
  if (leaf === 'data') return initBytes(owner, at, argument as number);
  clearPointer(owner, at);
  return new AnyPointerBuilder(owner, at);
}

/** Copies a string, bytes, or what a reader stands for. @throws TypeError for anything else */
export function setPointer(owner: Segment, at: number, value: unknown): void {
  if (typeof value === 'string') setText(owner, at, value);
  else if (value instanceof Uint8Array) setBytes(owner, at, value);
  else if (value instanceof StructReader) setStruct(owner, at, value);
  else if (value instanceof ListReader) setList(owner, at, value);
  else if (value instanceof AnyPointerReader || value instanceof AnyListReader) setAny(owner, at, value);
  else throw new TypeError('a pointer is set from a string, bytes or a reader');
}
