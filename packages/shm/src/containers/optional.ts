// Optionals: a value in place that may be absent.
import { released } from '../errors.js';
import { Accessor } from './accessor.js';
import type { Home } from './home.js';
import type { Place } from './place.js';
import { type Budget, type Input, type Live, type Plain, roundUp, type SharedType } from './type.js';

/** In an optional, as long as there is a value. */
class ValuePlace implements Place {
  readonly home: Home;
  readonly #optional: Place;
  readonly #flag: number;

  constructor(optional: Place, flag: number) {
    this.home = optional.home;
    this.#optional = optional;
    this.#flag = flag;
  }

  address(): number {
    const at = this.#optional.address();
    if (this.home.memory.u8(at + this.#flag) === 0) throw released('The optional value');
    return at;
  }
}

/** An optional struct, array or container. Optional numbers, booleans and strings are direct: a value or undefined. */
export class Optional<E extends SharedType> extends Accessor<Plain<E> | undefined, Input<E> | undefined> {
  protected readonly type: OptionalDeclaration<E>;

  constructor(type: OptionalDeclaration<E>, place: Place) {
    super(place);
    this.type = type;
  }

  get present(): boolean {
    return this.type.present(this.home, this.$place.address());
  }

  /** The accessor, or undefined. */
  get value(): Live<E> | undefined {
    if (!this.present) return undefined;
    return this.type.element.ref(new ValuePlace(this.$place, this.type.flag)) as Live<E>;
  }

  /** value, after adding one that is zero or empty when there was none. */
  getOrAdd(): Live<E> {
    if (!this.present) {
      this.home.mutable();
      this.type.engage(this.home, this.$place.address());
    }
    return this.value!;
  }

  clear(): void {
    this.assign(undefined);
  }
}

export interface OptionalType<E extends SharedType, R = unknown>
  extends SharedType<Plain<E> | undefined, R, Input<E> | undefined> {
  readonly element: E;
}

class OptionalDeclaration<E extends SharedType>
  implements OptionalType<E, Optional<E> | Plain<E> | undefined>
{
  readonly name: string;
  readonly element: E;
  readonly size: number;
  readonly align: 1 | 2 | 4 | 8;
  readonly direct: boolean;
  readonly pinned: boolean;
  readonly plain: boolean;
  /** Offset of the byte that says whether there is a value: behind it. */
  readonly flag: number;

  constructor(element: E) {
    this.element = element;
    this.name = `optional<${element.name}>`;
    this.flag = element.size;
    this.align = element.align;
    this.size = roundUp(element.size + 1, element.align);
    this.direct = element.direct;
    this.pinned = element.pinned;
    this.plain = element.plain;
  }

  present(home: Home, at: number): boolean {
    return home.memory.u8(at + this.flag) !== 0;
  }

  /** Makes the value, which was absent, zero or empty. */
  engage(home: Home, at: number): void {
    this.element.init(home, at);
    home.memory.setU8(at + this.flag, 1);
  }

  init(home: Home, at: number): void {
    home.memory.fill(at, this.size);
  }

  get(home: Home, at: number): Plain<E> | undefined {
    return this.present(home, at) ? (this.element.get(home, at) as Plain<E>) : undefined;
  }

  ref(place: Place): Optional<E> | Plain<E> | undefined {
    return this.direct ? this.get(place.home, place.address()) : new Optional(this, place);
  }

  write(home: Home, at: number, value: Input<E> | undefined): void {
    this.destroy(home, at);
    home.memory.setU8(at + this.flag, 0);
    if (value === undefined) return;
    this.element.init(home, at);
    try {
      this.element.write(home, at, value);
    } catch (err) {
      this.element.destroy(home, at);
      throw err;
    }
    home.memory.setU8(at + this.flag, 1);
  }

  toJS(home: Home, at: number, budget: Budget): Plain<E> | undefined {
    budget.spend(1);
    return this.present(home, at) ? (this.element.toJS(home, at, budget) as Plain<E>) : undefined;
  }

  destroy(home: Home, at: number): void {
    if (this.present(home, at)) this.element.destroy(home, at);
  }

  relocate(home: Home, from: number, to: number): void {
    if (this.present(home, from)) this.element.relocate(home, from, to);
    home.memory.setU8(to + this.flag, home.memory.u8(from + this.flag));
  }
}

/** A value or undefined. Of a direct type it is read and assigned as such, else through an accessor. */
export function optional<E extends SharedType>(
  element: E,
): OptionalType<E, Plain<E> extends Live<E> ? Plain<E> | undefined : Optional<E>> {
  return new OptionalDeclaration(element) as unknown as OptionalType<
    E,
    Plain<E> extends Live<E> ? Plain<E> | undefined : Optional<E>
  >;
}
