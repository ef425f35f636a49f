// The hash table of maps and sets: buckets that lead to nodes, which stay where they are and remember their order.
import { corrupted } from '../shared-memory.js';
import type { Home } from './home.js';
import { type LinkedLayout, mostNodes, walkLinked } from './linked.js';
import { NodePlace, type Place } from './place.js';
import { type KeyType, roundUp, type SharedType } from './type.js';

// Layout: pointer to the buckets, pointers to the first and the last node, u32 count, u32 number of buckets (0: none).
const BUCKETS = 0;
const FIRST = 8;
const LAST = 16;
const COUNT = 24;
const BUCKET_COUNT = 28;
export const TABLE_SIZE = 32;
// Node: pointers to the next one of its bucket, the next and the previous in order; u32 hash, u32 birth; key, value.
const CHAIN = 0;
const NEXT = 8;
const PREVIOUS = 16;
const HASH = 24;
const BIRTH = 28;
const KEY = 32;
const LEAST_BUCKETS = 8;
const MOST_BUCKETS = 2 ** 31;
const MOST = 2 ** 32 - 1;
/** Of a chain, before its end is doubted. */
const MANY_STEPS = 64;

/**
 * Keys in insertion order, each with a value unless `value` is undefined. Addresses of tables come from their places;
 * nodes are given out as addresses, for one operation.
 */
export class HashTable<K> {
  readonly key: KeyType<K>;
  readonly value: SharedType | undefined;
  readonly nodeSize: number;
  /** Of the value in a node. */
  readonly valueOffset: number;
  readonly #links: LinkedLayout;

  constructor(key: KeyType<K>, value: SharedType | undefined) {
    this.key = key;
    this.value = value;
    this.valueOffset = roundUp(KEY + key.size, value?.align ?? 8);
    this.nodeSize = roundUp(this.valueOffset + (value?.size ?? 0), 8);
    this.#links = { first: FIRST, next: NEXT, previous: PREVIOUS, birth: BIRTH, size: this.nodeSize };
  }

  init(home: Home, at: number): void {
    const { memory } = home;
    memory.fill(at, TABLE_SIZE);
    memory.writePointer(at + BUCKETS, 0);
    memory.writePointer(at + FIRST, 0);
    memory.writePointer(at + LAST, 0);
  }

  relocate(home: Home, from: number, to: number): void {
    const { memory } = home;
    memory.copy(to, from, TABLE_SIZE);
    for (const field of [BUCKETS, FIRST, LAST]) {
      memory.writePointer(to + field, memory.readPointer(from + field));
    }
  }

  count(home: Home, at: number): number {
    return home.memory.u32(at + COUNT);
  }

  /** The node with the key, or 0. */
  find(home: Home, at: number, key: K): number {
    return this.#findHashed(home, at, this.key.prepare(key));
  }

  #findHashed(home: Home, at: number, hash: number): number {
    const { memory } = home;
    const buckets = memory.u32(at + BUCKET_COUNT);
    if (buckets === 0) return 0;
    if ((buckets & (buckets - 1)) !== 0) throw corrupted(`${buckets} buckets`);
    // Of the buckets, the one that counts is all that has to be there.
    const block = memory.readPointer(at + BUCKETS);
    const bucket = block + (hash & (buckets - 1)) * 8;
    memory.check(bucket, 8);
    if (block === 0 || block % 8 !== 0) throw corrupted('buckets without a block');
    let node = this.#node(home, bucket);
    for (let steps = 0; node !== 0; steps++) {
      if (memory.u32(node + HASH) === hash && this.key.matches(home, node + KEY)) return node;
      if (steps > MANY_STEPS && steps > this.#most(home)) throw corrupted('a chain of keys without end');
      node = this.#node(home, node + CHAIN);
    }
    return 0;
  }

  keyOf(home: Home, node: number): K {
    return this.key.get(home, node + KEY);
  }

  birthPlace(home: Home, node: number): Place {
    return new NodePlace(home, node, BIRTH, this.valueOffset);
  }

  /** The node with the key, and whether it is a new one, whose value is then zero or empty. */
  findOrAdd(home: Home, at: number, key: K): { node: number; added: boolean } {
    const { memory } = home;
    const hash = this.key.prepare(key);
    const found = this.#findHashed(home, at, hash);
    if (found !== 0) return { node: found, added: false };
    const count = memory.u32(at + COUNT);
    if (count === MOST) throw new RangeError('There cannot be more keys');
    const buckets = memory.u32(at + BUCKET_COUNT);
    if (count >= buckets && buckets < MOST_BUCKETS)
      this.#rehash(home, at, Math.max(LEAST_BUCKETS, 2 * buckets));
    const last = this.#node(home, at + LAST);
    const node = home.allocate(this.nodeSize);
    memory.fill(node, KEY);
    this.key.init(home, node + KEY);
    try {
      this.key.write(home, node + KEY, key);
    } catch (err) {
      home.free(node, this.nodeSize);
      throw err;
    }
    this.value?.init(home, node + this.valueOffset);
    memory.setU32(node + HASH, hash);
    memory.setU32(node + BIRTH, home.birth());
    memory.writePointer(node + NEXT, 0);
    memory.writePointer(node + PREVIOUS, last);
    this.#chain(home, at, node, hash);
    memory.writePointer(last === 0 ? at + FIRST : last + NEXT, node);
    memory.writePointer(at + LAST, node);
    memory.setU32(at + COUNT, count + 1);
    return { node, added: true };
  }

  remove(home: Home, at: number, node: number): void {
    const { memory } = home;
    const hash = memory.u32(node + HASH);
    const buckets = this.#buckets(home, at);
    if (buckets.count === 0) throw corrupted('a key without buckets');
    let field = buckets.at + (hash & (buckets.count - 1)) * 8;
    for (let left = this.#most(home); ; left--) {
      const next = this.#node(home, field);
      if (next === node) break;
      if (next === 0 || left <= 0) throw corrupted('a key that is not in its chain');
      field = next + CHAIN;
    }
    const next = this.#node(home, node + NEXT);
    const previous = this.#node(home, node + PREVIOUS);
    memory.writePointer(field, memory.readPointer(node + CHAIN));
    memory.writePointer(previous === 0 ? at + FIRST : previous + NEXT, next);
    memory.writePointer(next === 0 ? at + LAST : next + PREVIOUS, previous);
    const count = memory.u32(at + COUNT) - 1;
    memory.setU32(at + COUNT, count);
    this.#freeNode(home, node);
    if (buckets.count > LEAST_BUCKETS && count < buckets.count / 8)
      this.#tryShrink(home, at, buckets.count / 2);
  }

  clear(home: Home, at: number): void {
    const nodes = [...walkLinked(home, at, this.#links, home.memory.u32(at + COUNT))];
    const buckets = this.#buckets(home, at);
    this.init(home, at);
    for (const node of nodes) this.#freeNode(home, node);
    if (buckets.count > 0) home.free(buckets.at, buckets.count * 8);
  }

  /** Of the nodes, in order; see walkLinked(). */
  nodes(home: Home, at: number): Generator<number, void> {
    return walkLinked(home, at, this.#links, this.#most(home));
  }

  /** Room for so many keys without rehashing. */
  reserve(home: Home, at: number, count: number): void {
    let buckets = LEAST_BUCKETS;
    while (buckets < count && buckets < MOST_BUCKETS) buckets *= 2;
    if (buckets > home.memory.u32(at + BUCKET_COUNT)) this.#rehash(home, at, buckets);
  }

  #most(home: Home): number {
    return mostNodes(home, this.nodeSize);
  }

  #node(home: Home, field: number): number {
    return home.memory.follow(field, this.nodeSize);
  }

  #buckets(home: Home, at: number): { at: number; count: number } {
    const { memory } = home;
    const count = memory.u32(at + BUCKET_COUNT);
    if (count === 0) return { at: 0, count };
    if ((count & (count - 1)) !== 0) throw corrupted(`${count} buckets`);
    const block = memory.follow(at + BUCKETS, count * 8);
    if (block === 0) throw corrupted('buckets without a block');
    return { at: block, count };
  }

  #chain(home: Home, at: number, node: number, hash: number): void {
    const { memory } = home;
    const buckets = this.#buckets(home, at);
    const bucket = buckets.at + (hash & (buckets.count - 1)) * 8;
    memory.writePointer(node + CHAIN, memory.readPointer(bucket));
    memory.writePointer(bucket, node);
  }

  /** All nodes in so many buckets: made anew from the nodes' order, so that it does not matter where they are. */
  #rehash(home: Home, at: number, count: number): void {
    const { memory } = home;
    const old = this.#buckets(home, at);
    const stays = old.count > 0 && this.#resizeBuckets(home, at, old, count);
    const block = stays ? old.at : home.allocate(count * 8);
    for (let i = 0; i < count; i++) memory.writePointer(block + i * 8, 0);
    memory.writePointer(at + BUCKETS, block);
    memory.setU32(at + BUCKET_COUNT, count);
    let node = this.#node(home, at + FIRST);
    for (let left = Math.min(memory.u32(at + COUNT), this.#most(home)); node !== 0; left--) {
      if (left <= 0) throw corrupted('more keys than it says');
      const bucket = block + (memory.u32(node + HASH) & (count - 1)) * 8;
      memory.writePointer(node + CHAIN, memory.readPointer(bucket));
      memory.writePointer(bucket, node);
      node = this.#node(home, node + NEXT);
    }
    if (old.count > 0 && !stays) home.free(old.at, old.count * 8);
  }

  /** The block of buckets, where it is. False: that cannot be, and nothing has changed. */
  #resizeBuckets(home: Home, at: number, old: { at: number; count: number }, count: number): boolean {
    if (count > old.count) return home.extend(old.at, count * 8);
    // First it says less, then it has less: should this process die between the two, nobody looks behind the end.
    home.memory.setU32(at + BUCKET_COUNT, count);
    if (home.shrink(old.at, old.count * 8, count * 8)) return true;
    home.memory.setU32(at + BUCKET_COUNT, old.count);
    return false;
  }

  /** A courtesy: without the memory to do it, the buckets stay as many as they were. */
  #tryShrink(home: Home, at: number, count: number): void {
    try {
      this.#rehash(home, at, count);
    } catch {}
  }

  #freeNode(home: Home, node: number): void {
    this.key.destroy(home, node + KEY);
    this.value?.destroy(home, node + this.valueOffset);
    // Not the same node any more, for those who still refer to it.
    home.memory.setU32(node + BIRTH, home.birth());
    home.free(node, this.nodeSize);
  }
}
