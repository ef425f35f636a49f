// Tells whether a message is a tree that can be read within its budget, or one that multiplies work.

import { WORDS_PER_EMPTY_ELEMENT } from './budget.js';
import { BITS_PER_ELEMENT, ElementSize, FAR, LIST, STRUCT } from './pointer.js';
import type { Arena, Segment } from './segment.js';

/** The pointers of structs or list elements that lie in a row, as far as they have been looked at. */
interface Row {
  readonly segment: Segment;
  /** The next pointer. */
  at: number;
  /** End of the pointers of the present element. */
  stop: number;
  readonly end: number;
  /** Bytes of data between the pointers of one element and those of the next. */
  readonly gap: number;
  readonly pointerBytes: number;
}

/**
 * True when no word of the message is reached in two ways and reading everything once costs at most `limit`
 * words: then whoever reads more than that reads again because they want to. What no reader would get at
 * (pointers out of bounds, objects below `nestingLimit`) does not count. Takes time proportional to `limit`
 * at most, and memory of a 64th of what is reachable.
 */
export function isBoundedTree(root: Segment, nestingLimit: number, limit: number): boolean {
  return new TreeCheck(root.arena, limit).run(root, nestingLimit);
}

class TreeCheck {
  readonly #arena: Arena;
  readonly #limit: number;
  /** One bit for each word of a segment: set once an object has been found there. */
  readonly #claimed = new Map<Segment, Uint8Array>();
  readonly #rows: Row[] = [];
  #work = 0;

  constructor(arena: Arena, limit: number) {
    this.#arena = arena;
    this.#limit = limit;
  }

  run(root: Segment, nestingLimit: number): boolean {
    if (root.used < 8) return true;
    const { start } = root;
    this.#rows.push({ segment: root, at: start, stop: start + 8, end: start + 8, gap: 0, pointerBytes: 8 });
    for (;;) {
      const row = this.#rows[this.#rows.length - 1];
      if (row === undefined) return true;
      if (row.at >= row.stop) {
        row.at = row.stop + row.gap;
        row.stop = row.at + row.pointerBytes;
        if (row.at >= row.end) this.#rows.pop();
        continue;
      }
      const at = row.at;
      row.at += 8;
      const lo = row.segment.view.getUint32(at, true);
      const hi = row.segment.view.getUint32(at + 4, true);
      if ((lo | hi) === 0 || this.#rows.length > nestingLimit) continue;
      if (!this.#follow(row.segment, at + 8, lo, hi)) return false;
      if (this.#work > this.#limit) return false;
    }
  }

  /** Claims what a pointer leads to; false when some of it is claimed already. */
  #follow(from: Segment, base: number, lo: number, hi: number): boolean {
    if ((lo & 3) !== FAR) return this.#object(from, base + ((lo | 0) >> 2) * 8, lo & 3, hi);
    const segment = this.#segment(hi);
    if (segment === undefined) return true;
    const pad = segment.start + (lo >>> 3) * 8;
    const isDouble = (lo & 4) !== 0;
    if (pad + (isDouble ? 16 : 8) > segment.end) return true;
    if (!this.#claim(segment, pad, isDouble ? 16 : 8)) return false;
    const padLo = segment.view.getUint32(pad, true);
    const padHi = segment.view.getUint32(pad + 4, true);
    if (!isDouble) return this.#object(segment, pad + 8 + ((padLo | 0) >> 2) * 8, padLo & 3, padHi);
    const tagLo = segment.view.getUint32(pad + 8, true);
    const tagHi = segment.view.getUint32(pad + 12, true);
    const target = this.#segment(padHi);
    if (target === undefined) return true;
    return this.#object(target, target.start + (padLo >>> 3) * 8, tagLo & 3, tagHi);
  }

  #segment(id: number): Segment | undefined {
    try {
      return this.#arena.segment(id);
    } catch {
      return undefined;
    }
  }

  #object(segment: Segment, at: number, kind: number, hi: number): boolean {
    if (kind === STRUCT) return this.#structs(segment, at, 1, (hi & 0xffff) * 8, hi >>> 16);
    if (kind !== LIST) return true;
    const size = (hi & 7) as ElementSize;
    const length = hi >>> 3;
    if (size === ElementSize.pointer) return this.#structs(segment, at, length, 0, 1);
    if (size !== ElementSize.composite) {
      const bits = BITS_PER_ELEMENT[size];
      if (bits === 0) this.#work += length * WORDS_PER_EMPTY_ELEMENT;
      return this.#claim(segment, at, Math.ceil((length * bits) / 64) * 8);
    }
    if (at < segment.start || at + 8 + length * 8 > segment.end) return true;
    const tagLo = segment.view.getUint32(at, true);
    const tagHi = segment.view.getUint32(at + 4, true);
    const elements = tagLo >>> 2;
    const dataBytes = (tagHi & 0xffff) * 8;
    const pointers = tagHi >>> 16;
    const bytes = elements * (dataBytes + pointers * 8);
    if ((tagLo & 3) !== STRUCT || bytes > length * 8) return true;
    if (dataBytes + pointers === 0) this.#work += elements * WORDS_PER_EMPTY_ELEMENT;
    // Words behind the last element are the list's, too.
    const rest = length * 8 - bytes;
    if (!this.#claim(segment, at, 8) || !this.#claim(segment, at + 8 + bytes, rest)) return false;
    return this.#structs(segment, at + 8, elements, dataBytes, pointers);
  }

  #structs(segment: Segment, at: number, length: number, dataBytes: number, pointers: number): boolean {
    const step = dataBytes + pointers * 8;
    const bytes = length * step;
    if (at < segment.start || at + bytes > segment.end) return true;
    if (!this.#claim(segment, at, bytes)) return false;
    if (pointers > 0 && length > 0) {
      const first = at + dataBytes;
      const pointerBytes = pointers * 8;
      this.#rows.push({
        segment,
        at: first,
        stop: first + pointerBytes,
        end: at + bytes,
        gap: dataBytes,
        pointerBytes,
      });
    }
    return true;
  }

  /** Marks whole words; false when one was marked before. Words that no segment has are nobody's. */
  #claim(segment: Segment, at: number, bytes: number): boolean {
    this.#work += 1 + bytes / 8;
    if (at < segment.start || at + bytes > segment.end || this.#work > this.#limit) return true;
    let map = this.#claimed.get(segment);
    if (map === undefined) {
      map = new Uint8Array(Math.ceil(segment.used / 64));
      this.#claimed.set(segment, map);
    }
    let word = (at - segment.start) / 8;
    const end = word + bytes / 8;
    while (word < end) {
      if (word % 8 === 0 && word + 8 <= end) {
        const from = word / 8;
        const to = Math.floor(end / 8);
        for (let i = from; i < to; i++) if (map[i] !== 0) return false;
        map.fill(0xff, from, to);
        word = to * 8;
        continue;
      }
      const bit = 1 << (word % 8);
      if ((map[word >>> 3]! & bit) !== 0) return false;
      map[word >>> 3]! |= bit;
      word++;
    }
    return true;
  }
}
