// Sets: keys in insertion order, as JavaScript's.
import { Accessor } from './accessor.js';
import { HashTable, TABLE_SIZE } from './hash-table.js';
import type { Home } from './home.js';
import type { Place } from './place.js';
import type { AnyKey, Budget, KeyType, Plain, SharedType } from './type.js';

export class SharedSet<K extends SharedType> extends Accessor<Set<Plain<K>>, Iterable<Plain<K>>> {
  protected readonly type: SetDeclaration<K>;

  constructor(type: SetDeclaration<K>, place: Place) {
    super(place);
    this.type = type;
  }

  get size(): number {
    return this.type.table.count(this.home, this.$place.address());
  }

  has(key: Plain<K>): boolean {
    return this.type.table.find(this.home, this.$place.address(), key) !== 0;
  }

  add(key: Plain<K>): this {
    this.#change((home, at) => this.type.table.findOrAdd(home, at, key));
    return this;
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

  /** The key at hand may be removed meanwhile; when the next one is, iterating throws RELEASED. */
  *[Symbol.iterator](): IterableIterator<Plain<K>> {
    const { home, type } = this;
    for (const node of type.table.nodes(home, this.$place.address())) yield type.table.keyOf(home, node);
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

export interface SetType<K extends SharedType>
  extends SharedType<Set<Plain<K>>, SharedSet<K>, Iterable<Plain<K>>> {
  readonly key: K;
}

class SetDeclaration<K extends SharedType> implements SetType<K> {
  readonly name: string;
  readonly key: K;
  readonly size = TABLE_SIZE;
  readonly align = 8;
  readonly direct = false;
  readonly pinned = false;
  readonly plain = false;
  readonly table: HashTable<Plain<K>>;

  constructor(key: K) {
    this.key = key;
    this.name = `set<${key.name}>`;
    this.table = new HashTable(key as unknown as KeyType<Plain<K>>, undefined);
  }

  init(home: Home, at: number): void {
    this.table.init(home, at);
  }

  get(): never {
    throw new TypeError('A set is no direct value');
  }

  ref(place: Place): SharedSet<K> {
    return new SharedSet(this, place);
  }

  write(home: Home, at: number, value: Iterable<Plain<K>>): void {
    this.table.clear(home, at);
    for (const key of value) this.table.findOrAdd(home, at, key);
  }

  toJS(home: Home, at: number, budget: Budget): Set<Plain<K>> {
    const result = new Set<Plain<K>>();
    for (const node of this.table.nodes(home, at)) {
      budget.spend(this.table.nodeSize);
      result.add(this.table.keyOf(home, node));
    }
    return result;
  }

  destroy(home: Home, at: number): void {
    this.table.clear(home, at);
  }

  relocate(home: Home, from: number, to: number): void {
    this.table.relocate(home, from, to);
  }
}

/** Keys are numbers, bigints, booleans or strings, equal as in a Set. */
export function set<K extends AnyKey>(key: K): SetType<K> {
  return new SetDeclaration(key);
}
