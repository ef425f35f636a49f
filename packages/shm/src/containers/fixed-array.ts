// Fixed arrays: so many elements in place.
import { Accessor } from './accessor.js';
import type { Home } from './home.js';
import type { NumericArray, NumericType } from './numbers.js';
import { InnerPlace, type Place } from './place.js';
import { type Budget, type Input, type Live, type Plain, replace, type SharedType } from './type.js';

/** Elements from an array, as an iterable of exactly as many, or fewer: the others are not touched. */
export type ArrayInput<E extends SharedType> = Iterable<Input<E>>;

export class FixedArray<E extends SharedType> extends Accessor<Plain<E>[], ArrayInput<E>> {
  protected readonly type: FixedArrayType<E>;

  constructor(type: FixedArrayType<E>, place: Place) {
    super(place);
    this.type = type;
  }

  get length(): number {
    return this.type.length;
  }

  /** RangeError outside the array. */
  at(index: number): Live<E> {
    const { element } = this.type;
    const offset = this.type.offsetOf(index);
    if (element.direct) return element.get(this.home, this.$place.address() + offset) as Live<E>;
    return element.ref(new InnerPlace(this.$place, offset)) as Live<E>;
  }

  set(index: number, value: Input<E>): void {
    const offset = this.type.offsetOf(index);
    this.home.mutable();
    try {
      replace(this.type.element, this.home, this.$place.address() + offset, value);
    } finally {
      this.home.flush();
    }
  }

  *[Symbol.iterator](): IterableIterator<Live<E>> {
    for (let i = 0; i < this.length; i++) yield this.at(i);
  }
}

/** A fixed array of numbers, which can be seen as a typed array. */
export class NumericFixedArray<E extends SharedType, A extends NumericArray> extends FixedArray<E> {
  /**
   * The array itself, no copy: dead (empty) once the object is released. What is written to it is written to shared
   * memory, except where memory is read-only: there it reaches nobody.
   */
  view(): A {
    const { type } = this;
    const buffer = this.home.view(this.$place.address(), type.size);
    return new (type.element as unknown as NumericType<number, A>).array(buffer, 0, type.length);
  }
}

export interface FixedArrayType<E extends SharedType, R = unknown>
  extends SharedType<Plain<E>[], R, ArrayInput<E>> {
  readonly element: E;
  readonly length: number;
  /** @internal */
  offsetOf(index: number): number;
}

class FixedArrayDeclaration<E extends SharedType> implements FixedArrayType<E, FixedArray<E>> {
  readonly name: string;
  readonly element: E;
  readonly length: number;
  readonly size: number;
  readonly align: 1 | 2 | 4 | 8;
  readonly direct = false;
  readonly pinned: boolean;
  readonly plain: boolean;

  constructor(element: E, length: number) {
    if (!Number.isInteger(length) || length < 1 || length > 2 ** 31)
      throw new RangeError(`An array cannot have ${length} elements`);
    this.element = element;
    this.length = length;
    this.name = `array<${element.name}, ${length}>`;
    this.size = element.size * length;
    this.align = element.align;
    this.pinned = element.pinned;
    this.plain = element.plain;
  }

  offsetOf(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.length)
      throw new RangeError(`There is no element ${index} in an array of ${this.length}`);
    return index * this.element.size;
  }

  init(home: Home, at: number): void {
    home.memory.fill(at, this.size);
    if (!this.plain) this.#each(at, (place) => this.element.init(home, place));
  }

  get(): never {
    throw new TypeError('An array is no direct value');
  }

  ref(place: Place): FixedArray<E> {
    return 'array' in this.element ? new NumericFixedArray(this, place) : new FixedArray(this, place);
  }

  write(home: Home, at: number, value: ArrayInput<E>): void {
    let i = 0;
    for (const element of value) {
      if (i === this.length) throw new RangeError(`More than ${this.length} elements for ${this.name}`);
      replace(this.element, home, at + i++ * this.element.size, element);
    }
  }

  toJS(home: Home, at: number, budget: Budget): Plain<E>[] {
    const result: Plain<E>[] = [];
    this.#each(at, (place) => result.push(this.element.toJS(home, place, budget) as Plain<E>));
    return result;
  }

  destroy(home: Home, at: number): void {
    if (!this.plain) this.#each(at, (place) => this.element.destroy(home, place));
  }

  relocate(home: Home, from: number, to: number): void {
    if (this.plain) home.memory.copy(to, from, this.size);
    else this.#each(0, (offset) => this.element.relocate(home, from + offset, to + offset));
  }

  #each(at: number, use: (place: number) => void): void {
    const { size } = this.element;
    for (let i = 0; i < this.length; i++) use(at + i * size);
  }
}

/** `length` elements in place. Of numbers, it has view(). */
export function array<V extends number | bigint, A extends NumericArray>(
  element: NumericType<V, A>,
  length: number,
): FixedArrayType<NumericType<V, A>, NumericFixedArray<NumericType<V, A>, A>>;
export function array<E extends SharedType>(element: E, length: number): FixedArrayType<E, FixedArray<E>>;
export function array(element: SharedType, length: number): FixedArrayType<SharedType> {
  return new FixedArrayDeclaration(element, length);
}
