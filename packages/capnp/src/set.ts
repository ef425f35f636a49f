// Deep copies of what readers stand for, at pointers of a message under construction.

import { abandon } from './abandon.js';
import { allocate, clear, placed } from './allocate.js';
import type { AnyListReader } from './any-list.js';
import type { AnyPointerReader } from './any-pointer-reader.js';
import { copyListAt, copyPointer } from './copy.js';
import type { ListReader } from './list-reader.js';
import { STRUCT } from './pointer.js';
import type { Segment } from './segment.js';
import type { StructReader } from './struct-reader.js';

/** Sets the pointer at byte `at` to a copy of a struct, with the fields of a newer schema that it may have. */
export function setStruct(owner: Segment, at: number, from: StructReader): void {
  replace(owner, at, () => {
    const dataWords = Math.ceil(from.$dataBytes / 8);
    const pointerCount = from.$pointerCount;
    const bytes = (dataWords + pointerCount) * 8;
    const segment = allocate(owner, at, bytes, STRUCT, ((pointerCount << 16) | dataWords) >>> 0);
    const start = placed.at;
    clear(segment, start, bytes);
    copySections(from, segment, start, from.$dataBytes, start + dataWords * 8, pointerCount);
  });
}

/**
 * Copies a struct over an element of a list, which cannot grow: what a newer schema has beyond the element's
 * size is dropped.
 */
export function setElement(
  to: Segment,
  data: number,
  dataBytes: number,
  pointerCount: number,
  from: StructReader,
): void {
  const pointers = data + dataBytes;
  const old = to.bytes.slice(data, pointers + pointerCount * 8);
  const view = new DataView(old.buffer);
  to.bytes.fill(0, data, pointers + pointerCount * 8);
  try {
    copySections(
      from,
      to,
      data,
      Math.min(dataBytes, from.$dataBytes),
      pointers,
      Math.min(pointerCount, from.$pointerCount),
    );
  } catch (error) {
    to.bytes.set(old, data);
    throw error;
  }
  for (let p = 0; p < pointerCount; p++) {
    const at = dataBytes + p * 8;
    abandon(to, data + at, view.getUint32(at, true), view.getUint32(at + 4, true));
  }
}

function copySections(
  from: StructReader,
  to: Segment,
  data: number,
  dataBytes: number,
  pointers: number,
  pointerCount: number,
): void {
  const source = from.$segment;
  to.bytes.set(source.bytes.subarray(from.$data, from.$data + dataBytes), data);
  for (let p = 0; p < pointerCount; p++) {
    copyPointer(source, from.$pointers + p * 8, to, pointers + p * 8, from.$depth);
  }
}

/** Sets the pointer at byte `at` to a copy of a list, its elements as large as they are there. */
export function setList(owner: Segment, at: number, from: ListReader<unknown>): void {
  replace(owner, at, () => copyListAt(from.$segment, from.$target, from.$hi, owner, at, from.$depth));
}

/** Sets the pointer at byte `at` to a copy of whatever `from` leads to. */
export function setAny(owner: Segment, at: number, from: AnyPointerReader | AnyListReader): void {
  if (from.$segment === owner && from.$at === at) return;
  replace(owner, at, () => {
    owner.bytes.fill(0, at, at + 8);
    copyPointer(from.$segment, from.$at, owner, at, from.$depth);
  });
}

/** Runs `copy`, which sets a pointer; then its old object is abandoned, or stays whole if the copy fails. */
function replace(owner: Segment, at: number, copy: () => void): void {
  const lo = owner.view.getUint32(at, true);
  const hi = owner.view.getUint32(at + 4, true);
  try {
    copy();
  } catch (error) {
    owner.view.setUint32(at, lo, true);
    owner.view.setUint32(at + 4, hi, true);
    throw error;
  }
  abandon(owner, at, lo, hi);
}
