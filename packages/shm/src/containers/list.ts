// Lists: elements in nodes of their own, linked both ways. They stay where they are until removed.
import { Accessor } from './accessor.js';
import type { Home } from './home.js';
import { type LinkedLayout, mostNodes, walkLinked } from './linked.js';
import { NodePlace, type Place } from './place.js';
import { Budget, type Input, type Live, type Plain, roundUp, type SharedType } from './type.js';

// Layout: pointers to the first and the last node, u32 count, u32 zero.
const FIRST = 0;
const LAST = 8;
const COUNT = 16;
// Node: pointers to the next and the previous node, u32 birth, u32 zero, element.
const NEXT = 0;
const PREVIOUS = 8;
const BIRTH = 16;
const ELEMENT = 24;
const MOST = 2 ** 32 - 1;

export class List<E extends SharedType> extends Accessor<Plain<E>[], Iterable<Input<E>>> {
  protected readonly type: ListDeclaration<E>;

  constructor(type: ListDeclaration<E>, place: Place) {
    super(place);
    this.type = type;
  }

  get length(): number {
    return this.home.memory.u32(this.$place.address() + COUNT);
  }

  /** Undefined when the list is empty. */
  get first(): Live<E> | undefined {
    return this.#end(FIRST);
  }

  get last(): Live<E> | undefined {
    return this.#end(LAST);
  }

  push(...values: Input<E>[]): number {
    return this.#change((home, at) => {
      for (const value of values) this.type.insert(home, at, value, LAST);
      return this.length;
    });
  }

  /** In front, the first of them first. */
  unshift(...values: Input<E>[]): number {
    return this.#change((home, at) => {
      for (const value of values.reverse()) this.type.insert(home, at, value, FIRST);
      return this.length;
    });
  }

  /** Removes the last element and gives its plain value; undefined when there is none. */
  pop(): Plain<E> | undefined {
    return this.#take(LAST);
  }

  shift(): Plain<E> | undefined {
    return this.#take(FIRST);
  }

  /** Removes the elements of which `condition` says so. How many. */
  removeIf(condition: (element: Live<E>) => boolean): number {
    return this.#change((home, at) => {
      let removed = 0;
      for (const node of this.type.nodes(home, at)) {
        if (!condition(this.type.live(home, node))) continue;
        this.type.remove(home, at, node);
        removed++;
      }
      return removed;
    });
  }

  clear(): void {
    this.#change((home, at) => this.type.clear(home, at));
  }

  /** The element at hand may be removed meanwhile; when the next one is, iterating throws RELEASED. */
  *[Symbol.iterator](): IterableIterator<Live<E>> {
    for (const node of this.type.nodes(this.home, this.$place.address()))
      yield this.type.live(this.home, node);
  }

  #end(which: number): Live<E> | undefined {
    const node = this.type.follow(this.home, this.$place.address() + which);
    return node === 0 ? undefined : this.type.live(this.home, node);
  }

  #take(which: number): Plain<E> | undefined {
    return this.#change((home, at) => {
      const node = this.type.follow(home, at + which);
      if (node === 0) return undefined;
      const plain = this.type.plainOf(home, node);
      this.type.remove(home, at, node);
      return plain;
    });
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

export interface ListType<E extends SharedType> extends SharedType<Plain<E>[], List<E>, Iterable<Input<E>>> {
  readonly element: E;
}

class ListDeclaration<E extends SharedType> implements ListType<E> {
  readonly name: string;
  readonly element: E;
  readonly size = 24;
  readonly align = 8;
  readonly direct = false;
  readonly pinned = false;
  readonly plain = false;
  readonly #links: LinkedLayout;

  constructor(element: E) {
    this.element = element;
    this.name = `list<${element.name}>`;
    const size = roundUp(ELEMENT + element.size, 8);
    this.#links = { first: FIRST, next: NEXT, previous: PREVIOUS, birth: BIRTH, size };
  }

  init(home: Home, at: number): void {
    home.memory.fill(at, this.size);
    home.memory.writePointer(at + FIRST, 0);
    home.memory.writePointer(at + LAST, 0);
  }

  get(): never {
    throw new TypeError('A list is no direct value');
  }

  ref(place: Place): List<E> {
    return new List(this, place);
  }

  write(home: Home, at: number, value: Iterable<Input<E>>): void {
    this.clear(home, at);
    for (const each of value) this.insert(home, at, each, LAST);
  }

  toJS(home: Home, at: number, budget: Budget): Plain<E>[] {
    const result: Plain<E>[] = [];
    for (const node of this.nodes(home, at)) {
      budget.spend(ELEMENT);
      result.push(this.element.toJS(home, node + ELEMENT, budget) as Plain<E>);
    }
    return result;
  }

  destroy(home: Home, at: number): void {
    this.clear(home, at);
  }

  relocate(home: Home, from: number, to: number): void {
    const { memory } = home;
    memory.copy(to, from, this.size);
    memory.writePointer(to + FIRST, memory.readPointer(from + FIRST));
    memory.writePointer(to + LAST, memory.readPointer(from + LAST));
  }

  /** The node that a pointer leads to, checked; 0 for none. */
  follow(home: Home, field: number): number {
    return home.memory.follow(field, this.#links.size);
  }

  live(home: Home, node: number): Live<E> {
    const { element } = this;
    if (element.direct) return element.get(home, node + ELEMENT) as Live<E>;
    return element.ref(new NodePlace(home, node, BIRTH, ELEMENT)) as Live<E>;
  }

  plainOf(home: Home, node: number): Plain<E> {
    const { element } = this;
    return element.toJS(home, node + ELEMENT, new Budget(home.memory.size)) as Plain<E>;
  }

  insert(home: Home, at: number, value: Input<E>, where: typeof FIRST | typeof LAST): void {
    const { memory } = home;
    const { element } = this;
    const count = memory.u32(at + COUNT);
    if (count === MOST) throw new RangeError('A list cannot have more elements');
    const neighbour = this.follow(home, at + where);
    const node = home.allocate(this.#links.size);
    memory.fill(node, ELEMENT);
    element.init(home, node + ELEMENT);
    try {
      element.write(home, node + ELEMENT, value);
    } catch (err) {
      element.destroy(home, node + ELEMENT);
      home.free(node, this.#links.size);
      throw err;
    }
    memory.setU32(node + BIRTH, home.birth());
    const [forward, backward] = where === LAST ? [NEXT, PREVIOUS] : [PREVIOUS, NEXT];
    memory.writePointer(node + forward, 0);
    memory.writePointer(node + backward, neighbour);
    memory.writePointer(neighbour === 0 ? at + (where === LAST ? FIRST : LAST) : neighbour + forward, node);
    memory.writePointer(at + where, node);
    memory.setU32(at + COUNT, count + 1);
  }

  remove(home: Home, at: number, node: number): void {
    const { memory } = home;
    const next = this.follow(home, node + NEXT);
    const previous = this.follow(home, node + PREVIOUS);
    memory.writePointer(previous === 0 ? at + FIRST : previous + NEXT, next);
    memory.writePointer(next === 0 ? at + LAST : next + PREVIOUS, previous);
    memory.setU32(at + COUNT, memory.u32(at + COUNT) - 1);
    this.#freeNode(home, node);
  }

  clear(home: Home, at: number): void {
    const nodes = [...walkLinked(home, at, this.#links, home.memory.u32(at + COUNT))];
    this.init(home, at);
    for (const node of nodes) this.#freeNode(home, node);
  }

  /** Of the nodes, from first to last; see walkLinked(). */
  nodes(home: Home, at: number): Generator<number, void> {
    return walkLinked(home, at, this.#links, mostNodes(home, this.#links.size));
  }

  #freeNode(home: Home, node: number): void {
    this.element.destroy(home, node + ELEMENT);
    // Not the same node any more, for those who still refer to it.
    home.memory.setU32(node + BIRTH, home.birth());
    home.free(node, this.#links.size);
  }
}

/** Elements of any size, inserted and removed at both ends, and removed anywhere, without moving the others. */
export function list<E extends SharedType>(element: E): ListType<E> {
  return new ListDeclaration(element);
}
