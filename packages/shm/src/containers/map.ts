// Maps: values by key, in insertion order, as JavaScript's.
import { Accessor } from './accessor.js';
import { HashTable, TABLE_SIZE } from './hash-table.js';
import type { Home } from './home.js';
import type { Place } from './place.js';
import {
  type AnyKey,
  type Budget,
  type Input,
  type KeyType,
  type Live,
  type Plain,
  replace,
  type SharedType,
} from './type.js';

export type MapInput<K extends SharedType, V extends SharedType> = Iterable<readonly [Plain<K>, Input<V>]>;

export class SharedMap<K extends SharedType, V extends SharedType> extends Accessor<
  Map<Plain<K>, Plain<V>>,
  MapInput<K, V>
> {
  protected readonly type: MapDeclaration<K, V>;

  constructor(type: MapDeclaration<K, V>, place: Place) {
    super(place);
    this.type = type;
  }

  get size(): number {
    return this.type.table.count(this.home, this.$place.address());
  }

  has(key: Plain<K>): boolean {
    return this.type.table.find(this.home, this.$place.address(), key) !== 0;
  }

  /** The value, or its accessor, which holds until the key is removed; undefined when there is none. */
  get(key: Plain<K>): Live<V> | undefined {
    const { home } = this;
    const node = this.type.table.find(home, this.$place.address(), key);
    return node === 0 ? undefined : this.type.live(home, node);
  }

  /** Adds or replaces. When memory runs out, the key is not added. */
  set(key: Plain<K>, value: Input<V>): this {
    this.#change((home, at) => this.type.set(home, at, key, value));
    return this;
  }

  /** get(), after adding a value that is zero or empty when there was none. */
  getOrAdd(key: Plain<K>): Live<V> {
    return this.#change((home, at) => this.type.live(home, this.type.table.findOrAdd(home, at, key).node));
  }

  /** False when there was no such key. */
  delete(key: Plain<K>): boolean {
    return this.#change((home, at) => {
      const node = this.type.table.find(home, at, key);
      if (node !== 0) this.type.table.remove(home, at, node);
      return node !== 0;
    });
  }

  clear(): void {
    this.#change((home, at) => this.type.table.clear(home, at));
  }

  /** Makes room for so many keys in all, so that the table need not grow up to there. */
  reserve(count: number): void {
    this.#change((home, at) => this.type.table.reserve(home, at, count));
  }

  *keys(): IterableIterator<Plain<K>> {
    for (const node of this.#nodes()) yield this.type.table.keyOf(this.home, node);
  }

  *values(): IterableIterator<Live<V>> {
    for (const node of this.#nodes()) yield this.type.live(this.home, node);
  }

  /** The key at hand may be removed meanwhile; when the next one is, iterating throws RELEASED. */
  *[Symbol.iterator](): IterableIterator<[Plain<K>, Live<V>]> {
    const { home, type } = this;
    for (const node of this.#nodes()) yield [type.table.keyOf(home, node), type.live(home, node)];
  }

  #nodes(): Generator<number, void> {
    return this.type.table.nodes(this.home, this.$place.address());
  }

  #change<R>(use: (home: Home, at: number) => R): R {
    const { home } = this;
    home.mutable();
    try {
      return use(home, this.$place.address());
    } finally {
      home.flush();
    }
  }
}

export interface MapType<K extends SharedType, V extends SharedType>
  extends SharedType<Map<Plain<K>, Plain<V>>, SharedMap<K, V>, MapInput<K, V>> {
  readonly key: K;
  readonly value: V;
}

class MapDeclaration<K extends SharedType, V extends SharedType> implements MapType<K, V> {
  readonly name: string;
  readonly key: K;
  readonly value: V;
  readonly size = TABLE_SIZE;
  readonly align = 8;
  readonly direct = false;
  readonly pinned = false;
  readonly plain = false;
  readonly table: HashTable<Plain<K>>;

  constructor(key: K, value: V) {
    this.key = key;
    this.value = value;
    this.name = `map<${key.name}, ${value.name}>`;
    this.table = new HashTable(key as unknown as KeyType<Plain<K>>, value);
  }

  init(home: Home, at: number): void {
    this.table.init(home, at);
  }

  get(): never {
    throw new TypeError('A map is no direct value');
  }

  ref(place: Place): SharedMap<K, V> {
    return new SharedMap(this, place);
  }

  write(home: Home, at: number, value: MapInput<K, V>): void {
    this.table.clear(home, at);
    for (const [key, each] of value) this.set(home, at, key, each);
  }

  toJS(home: Home, at: number, budget: Budget): Map<Plain<K>, Plain<V>> {
    const result = new Map<Plain<K>, Plain<V>>();
    for (const node of this.table.nodes(home, at)) {
      budget.spend(this.table.nodeSize);
      const value = this.value.toJS(home, node + this.table.valueOffset, budget);
      result.set(this.table.keyOf(home, node), value as Plain<V>);
    }
    return result;
  }

  destroy(home: Home, at: number): void {
    this.table.clear(home, at);
  }

  relocate(home: Home, from: number, to: number): void {
    this.table.relocate(home, from, to);
  }

  live(home: Home, node: number): Live<V> {
    const { value } = this;
    if (value.direct) return value.get(home, node + this.table.valueOffset) as Live<V>;
    return value.ref(this.table.birthPlace(home, node)) as Live<V>;
  }

  set(home: Home, at: number, key: Plain<K>, value: Input<V>): void {
    const { node, added } = this.table.findOrAdd(home, at, key);
    try {
      replace(this.value, home, node + this.table.valueOffset, value);
    } catch (err) {
      if (added) this.table.remove(home, at, node);
      throw err;
    }
  }
}

/** Keys are numbers, bigints, booleans or strings, equal as in a Map; values are of any type. */
export function map<K extends AnyKey, V extends SharedType>(key: K, value: V): MapType<K, V> {
  return new MapDeclaration(key, value);
}
