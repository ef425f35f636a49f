// Vectors: elements in one block that grows and shrinks, where it lies if there is room, else by moving.
import { corrupted } from '../shared-memory.js';
import { Accessor } from './accessor.js';
import type { Home } from './home.js';
import type { NumericArray, NumericType } from './numbers.js';
import type { Place } from './place.js';
import { type Budget, type Input, type Live, type Plain, replace, type SharedType } from './type.js';

// Layout: pointer to the elements, u32 count of them, u32 capacity (0: no block).
const COUNT = 8;
const CAPACITY = 12;
const MOST = 2 ** 32 - 1;
/** Below this a block is not worth shrinking, in bytes. */
const SMALL = 64;

/** Where an element is now, as the vector may have moved, or lost it. */
class ElementPlace<E extends SharedType> implements Place {
  readonly home: Home;
  readonly #vector: Place;
  readonly #type: VectorDeclaration<E>;
  readonly #index: number;

  constructor(vector: Place, type: VectorDeclaration<E>, index: number) {
    this.home = vector.home;
    this.#vector = vector;
    this.#type = type;
    this.#index = index;
  }

  address(): number {
    return this.#type.elementAt(this.home, this.#vector.address(), this.#index);
  }
}

export class Vector<E extends SharedType> extends Accessor<Plain<E>[], Iterable<Input<E>>> {
  protected readonly type: VectorDeclaration<E>;

  constructor(type: VectorDeclaration<E>, place: Place) {
    super(place);
    this.type = type;
  }

  get length(): number {
    return this.home.memory.u32(this.$place.address() + COUNT);
  }

  /** Elements that fit before more room has to be had, behind the others or elsewhere. */
  get capacity(): number {
    return this.home.memory.u32(this.$place.address() + CAPACITY);
  }

  /** Throws RangeError where there is no element. An accessor stays with the index, wherever elements move. */
  at(index: number): Live<E> {
    const { element } = this.type;
    const at = this.type.elementAt(this.home, this.$place.address(), index);
    if (element.direct) return element.get(this.home, at) as Live<E>;
    return element.ref(new ElementPlace(this.$place, this.type, index)) as Live<E>;
  }

  set(index: number, value: Input<E>): void {
    this.#change((home, at) => {
      replace(this.type.element, home, this.type.elementAt(home, at, index), value);
    });
  }

  /** Appends. All of them or, when memory runs out, those before the one that did not fit. */
  push(...values: Input<E>[]): number {
    return this.#change((home, at) => {
      for (const value of values) this.type.append(home, at, value);
      return home.memory.u32(at + COUNT);
    });
  }

  /** Removes the last element and gives its plain value; undefined when there is none. */
  pop(): Plain<E> | undefined {
    const length = this.length;
    if (length === 0) return undefined;
    const last = this.at(length - 1) as { toJS?(): Plain<E> } | Plain<E>;
    const plain =
      this.type.element.direct || last === undefined
        ? (last as Plain<E>)
        : (last as { toJS(): Plain<E> }).toJS();
    this.resize(length - 1);
    return plain;
  }

  /** New elements are zero or empty. */
  resize(length: number): void {
    checkCount(length);
    this.#change((home, at) => this.type.resize(home, at, length));
  }

  /** Makes room for so many elements in all, so that growing up to there neither moves nor fails. */
  reserve(capacity: number): void {
    checkCount(capacity);
    this.#change((home, at) => {
      if (capacity > home.memory.u32(at + CAPACITY)) this.type.setRoom(home, at, capacity);
    });
  }

  /** Gives back the room for elements that are not there. The others stay where they are if the arena can do that. */
  shrink(): void {
    this.#change((home, at) => this.type.setRoom(home, at, home.memory.u32(at + COUNT)));
  }

  clear(): void {
    this.resize(0);
  }

  *[Symbol.iterator](): IterableIterator<Live<E>> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
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

/** A vector of numbers, which can be seen as a typed array. */
export class NumericVector<E extends SharedType, A extends NumericArray> extends Vector<E> {
  /**
   * The elements themselves, no copy. It stays until elements have to move, room is given back or the object is
   * released: then it is dead (empty). When there was room to grow it stays, with the elements that it had. So ask anew
   * after growing. Growing by another process is not seen: agree on when that may happen.
   * Where memory is read-only, what is written to it reaches nobody.
   */
  view(): A {
    const { home, type, capacity } = this;
    const elements = type.elements(home, this.$place.address(), capacity);
    const { array } = type.element as unknown as NumericType<number, A>;
    if (capacity === 0) return new array(new ArrayBuffer(0), 0, 0);
    // Over the whole block, so that it is the same buffer until the block is another.
    return new array(home.view(elements.at, capacity * type.element.size), 0, elements.count);
  }

  /** Appends numbers in one go. */
  append(values: A | readonly Plain<E>[]): void {
    const before = this.length;
    const count = before + values.length;
    checkCount(count);
    if (count > this.capacity) this.reserve(Math.max(count, Math.min(MOST, 2 * this.capacity)));
    this.resize(count);
    (this.view() as unknown as { set(source: unknown, at: number): void }).set(values, before);
  }
}

export interface VectorType<E extends SharedType, R = unknown>
  extends SharedType<Plain<E>[], R, Iterable<Input<E>>> {
  readonly element: E;
}

interface Elements {
  /** 0 when there is no block. */
  readonly at: number;
  readonly count: number;
  readonly capacity: number;
}

class VectorDeclaration<E extends SharedType> implements VectorType<E, Vector<E>> {
  readonly name: string;
  readonly element: E;
  readonly size = 16;
  readonly align = 8;
  readonly direct = false;
  readonly pinned = false;
  readonly plain = false;

  constructor(element: E) {
    if (element.pinned)
      throw new TypeError(`A vector moves its elements, but others may wait at ${element.name}`);
    this.element = element;
    this.name = `vector<${element.name}>`;
  }

  init(home: Home, at: number): void {
    home.memory.fill(at, this.size);
  }

  get(): never {
    throw new TypeError('A vector is no direct value');
  }

  ref(place: Place): Vector<E> {
    return 'array' in this.element ? new NumericVector(this, place) : new Vector(this, place);
  }

  /** The block is kept as long as the elements fit into it; what is more than four times as much is given back. */
  write(home: Home, at: number, value: Iterable<Input<E>>): void {
    const { element } = this;
    const known = (value as { length?: number }).length;
    if ('array' in element && known !== undefined && ArrayBuffer.isView(value)) {
      this.#writeNumbers(home, at, value as unknown as NumericArray);
      return;
    }
    this.#cut(home, at, 0);
    if (known !== undefined && known > home.memory.u32(at + CAPACITY)) this.setRoom(home, at, known);
    for (const each of value) this.append(home, at, each);
    this.#trim(home, at);
  }

  toJS(home: Home, at: number, budget: Budget): Plain<E>[] {
    const { at: start, count } = this.elements(home, at);
    budget.spend(this.size);
    const result: Plain<E>[] = [];
    for (let i = 0; i < count; i++) {
      result.push(this.element.toJS(home, start + i * this.element.size, budget) as Plain<E>);
    }
    return result;
  }

  destroy(home: Home, at: number): void {
    const elements = this.elements(home, at);
    if (elements.at === 0) return;
    if (!this.element.plain) {
      for (let i = 0; i < elements.count; i++)
        this.element.destroy(home, elements.at + i * this.element.size);
    }
    home.free(elements.at, elements.capacity * this.element.size);
  }

  relocate(home: Home, from: number, to: number): void {
    const { memory } = home;
    if (memory.u32(from + CAPACITY) === 0) {
      memory.fill(to, this.size);
      return;
    }
    memory.writePointer(to, memory.readPointer(from));
    memory.setU32(to + COUNT, memory.u32(from + COUNT));
    memory.setU32(to + CAPACITY, memory.u32(from + CAPACITY));
  }

  /** The block as it is now, checked for the elements that there are, or for `room` of them: capacity is a peer's word. */
  elements(home: Home, at: number, room = 0): Elements {
    const { memory } = home;
    const count = memory.u32(at + COUNT);
    const capacity = memory.u32(at + CAPACITY);
    const needed = Math.max(count, room);
    if (needed > capacity) throw corrupted(`a vector of ${needed} in room for ${capacity}`);
    if (capacity === 0) return { at: 0, count, capacity };
    const block = memory.follow(at, needed * this.element.size);
    if (block === 0) throw corrupted('a vector without its elements');
    return { at: block, count, capacity };
  }

  elementAt(home: Home, at: number, index: number): number {
    const { memory } = home;
    const count = memory.u32(at + COUNT);
    if (!(index >= 0 && index < count && Number.isInteger(index)))
      throw new RangeError(`There is no element ${index} in a vector of ${count}`);
    const block = memory.readPointer(at);
    const { size } = this.element;
    const address = block + index * size;
    if (block === 0 || block % 8 !== 0) throw corrupted('a vector without its elements');
    memory.check(address, size);
    return address;
  }

  append(home: Home, at: number, value: Input<E>): void {
    const { memory } = home;
    const count = memory.u32(at + COUNT);
    const capacity = memory.u32(at + CAPACITY);
    if (count === MOST) throw new RangeError('A vector cannot have more elements');
    if (count >= capacity) this.setRoom(home, at, Math.min(MOST, Math.max(2 * count, this.#least())));
    const { element } = this;
    const place = this.elements(home, at, count + 1).at + count * element.size;
    element.init(home, place);
    try {
      element.write(home, place, value);
    } catch (err) {
      element.destroy(home, place);
      throw err;
    }
    memory.setU32(at + COUNT, count + 1);
  }

  resize(home: Home, at: number, count: number): void {
    const { memory } = home;
    const { element } = this;
    if (count < memory.u32(at + COUNT)) {
      this.#cut(home, at, count);
      this.#trim(home, at);
      return;
    }
    if (count > memory.u32(at + CAPACITY)) this.setRoom(home, at, count);
    const { at: start, count: before } = this.elements(home, at, count);
    if (element.plain) memory.fill(start + before * element.size, (count - before) * element.size);
    else for (let i = before; i < count; i++) element.init(home, start + i * element.size);
    memory.setU32(at + COUNT, count);
  }

  /** To at most `count` elements. */
  #cut(home: Home, at: number, count: number): void {
    const { element } = this;
    const { at: start, count: before } = this.elements(home, at);
    if (count >= before) return;
    // The count first: an element that is being taken down is already gone.
    home.memory.setU32(at + COUNT, count);
    if (element.plain) return;
    for (let i = count; i < before; i++) element.destroy(home, start + i * element.size);
  }

  /** Gives back room that is far too much. A courtesy: without the memory to do it, the vector stays as large as it was. */
  #trim(home: Home, at: number): void {
    const count = home.memory.u32(at + COUNT);
    const capacity = home.memory.u32(at + CAPACITY);
    if (count > 0 && (capacity * this.element.size <= SMALL || count >= capacity / 4)) return;
    try {
      this.setRoom(home, at, 2 * count);
    } catch {}
  }

  /** Makes the block one for `capacity` elements, at least as many as there are; 0 frees it. */
  setRoom(home: Home, at: number, capacity: number): void {
    const old = this.elements(home, at);
    if (capacity === old.capacity) return;
    if (old.at === 0 || capacity === 0 || !this.#resizeBlock(home, at, old, capacity))
      this.#move(home, at, old, capacity);
  }

  /** Where it is. False: that cannot be. */
  #resizeBlock(home: Home, at: number, old: Elements, capacity: number): boolean {
    const { memory } = home;
    const { size } = this.element;
    if (capacity > old.capacity) {
      if (!home.extend(old.at, capacity * size)) return false;
      memory.setU32(at + CAPACITY, capacity);
      return true;
    }
    // First it says less, then it has less: should this process die between the two, nobody looks behind the end.
    memory.setU32(at + CAPACITY, capacity);
    return home.shrink(old.at, old.capacity * size, capacity * size);
  }

  #move(home: Home, at: number, old: Elements, capacity: number): void {
    const { memory } = home;
    const { element } = this;
    const block = capacity === 0 ? 0 : home.allocate(capacity * element.size);
    if (element.plain) {
      memory.copy(block, old.at, old.count * element.size);
    } else {
      for (let i = 0; i < old.count; i++) {
        element.relocate(home, old.at + i * element.size, block + i * element.size);
      }
    }
    memory.writePointer(at, block);
    memory.setU32(at + CAPACITY, capacity);
    if (old.at !== 0) home.free(old.at, old.capacity * element.size);
  }

  #least(): number {
    return Math.max(1, Math.floor(SMALL / this.element.size));
  }

  #writeNumbers(home: Home, at: number, values: NumericArray): void {
    const { memory } = home;
    const { array } = this.element as unknown as NumericType<number, Float64Array>;
    // Converted as typed arrays convert; copied when it is the same kind. Before anything changes, as not all can be.
    const source = (
      values.constructor === array ? values : (array as unknown as ArrayConstructor).from(values as never)
    ) as NumericArray;
    const { length, buffer, byteOffset, byteLength } = source;
    if (length > memory.u32(at + CAPACITY)) this.setRoom(home, at, length);
    memory.write(this.elements(home, at, length).at, new Uint8Array(buffer, byteOffset, byteLength));
    memory.setU32(at + COUNT, length);
    this.#trim(home, at);
  }
}

function checkCount(count: number): void {
  if (!Number.isInteger(count) || count < 0 || count > MOST)
    throw new RangeError(`A vector cannot have ${count} elements`);
}

/** Any number of elements, one behind the other in a block. Of numbers, it has view() and append(). */
export function vector<V extends number | bigint, A extends NumericArray>(
  element: NumericType<V, A>,
): VectorType<NumericType<V, A>, NumericVector<NumericType<V, A>, A>>;
export function vector<E extends SharedType>(element: E): VectorType<E, Vector<E>>;
export function vector(element: SharedType): VectorType<SharedType> {
  return new VectorDeclaration(element);
}
