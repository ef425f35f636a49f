// Makes and finds structs in a message under construction.

import { abandon } from './abandon.js';
import { allocate, clear, placed } from './allocate.js';
import { copyDefault } from './copy.js';
import type { DefaultValue } from './default-value.js';
import { badPointer, outOfBounds } from './errors.js';
import { checkBounds, link, resolve, sizeOf } from './link.js';
import { FAR, followFar, landed, STRUCT } from './pointer.js';
import type { Segment } from './segment.js';
import type { StructBuilder } from './struct-builder.js';
import type { BuilderConstructor } from './struct-type.js';
import { enlargeStruct, retire, type Size } from './upgrade.js';

/** What of a StructType a builder needs. */
export interface BuildableStruct<B extends StructBuilder> {
  readonly dataWords: number;
  readonly pointerCount: number;
  readonly Builder: BuilderConstructor<B>;
}

/** Makes a zeroed struct for the pointer at byte `at`; what the pointer led to is abandoned. */
export function initStruct<B extends StructBuilder>(owner: Segment, at: number, type: BuildableStruct<B>): B {
  const oldLo = owner.view.getUint32(at, true);
  const oldHi = owner.view.getUint32(at + 4, true);
  const { dataWords, pointerCount } = type;
  const bytes = (dataWords + pointerCount) * 8;
  const segment = allocate(owner, at, bytes, STRUCT, ((pointerCount << 16) | dataWords) >>> 0);
  const data = placed.at;
  clear(segment, data, bytes);
  abandon(owner, at, oldLo, oldHi);
  return new type.Builder(segment, data, data + dataWords * 8, pointerCount);
}

/**
 * The struct that the pointer at byte `at` leads to; made, from its default if any, when null. One of an older
 * schema is replaced by a larger copy, as in C++: builders of the old one lead to zeroed memory afterwards.
 */
export function openStruct<B extends StructBuilder>(
  owner: Segment,
  at: number,
  type: BuildableStruct<B>,
  value: DefaultValue | undefined,
): B {
  let lo = owner.view.getUint32(at, true);
  let hi = owner.view.getUint32(at + 4, true);
  if ((lo | hi) === 0) {
    if (value === undefined) return initStruct(owner, at, type);
    copyDefault(value, owner, at);
    lo = owner.view.getUint32(at, true);
    hi = owner.view.getUint32(at + 4, true);
  }
  let segment = owner;
  let base = at + 8;
  if ((lo & 3) === FAR) {
    segment = followFar(owner, lo, hi);
    base = landed.base;
    lo = landed.lo;
    hi = landed.hi;
  }
  if ((lo & 3) !== STRUCT) throw badPointer('expected a struct');
  const data = base + ((lo | 0) >> 2) * 8;
  const dataBytes = (hi & 0xffff) * 8;
  const pointerCount = hi >>> 16;
  if (data < segment.start || data + dataBytes + pointerCount * 8 > segment.end)
    throw outOfBounds('a struct');
  if (dataBytes < type.dataWords * 8 || pointerCount < type.pointerCount) {
    growStruct(owner, at, type);
    return openStruct(owner, at, type, undefined);
  }
  return new type.Builder(segment, data, data + dataBytes, pointerCount);
}

function growStruct(owner: Segment, at: number, size: Size): void {
  const old = resolve(owner, at);
  if (old.kind !== STRUCT) throw badPointer('expected a struct');
  checkBounds(old);
  const lo = owner.view.getUint32(at, true);
  const hi = owner.view.getUint32(at + 4, true);
  link(owner, at, enlargeStruct(old, size));
  retire(old, sizeOf(old.kind, old.hi), { segment: owner, lo, hi });
}
