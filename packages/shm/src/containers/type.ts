// SharedType: what a declared type knows of its layout, its plain JavaScript form and its live form.
import { corrupted } from '../shared-memory.js';
import type { Home } from './home.js';
import type { Place } from './place.js';

/** Bounds what a conversion to plain JavaScript may read: blocks are disjoint, so an honest object is no larger. */
export class Budget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw corrupted('it claims to hold more than the whole memory');
  }
}

/**
 * A declaration: made once, used in every process that shares such objects. `V` is the plain value, as toJS() gives it;
 * `R` what reading gives: the value itself for numbers and text, a live accessor for all that can be changed within;
 * `I` what can be assigned.
 *
 * The methods are for other types; they trust their addresses, and check what they read there.
 */
export interface SharedType<V = unknown, R = unknown, I = unknown> {
  /** As in messages: `vector<f64>`. */
  readonly name: string;
  /** In bytes, a multiple of `align`. */
  readonly size: number;
  readonly align: 1 | 2 | 4 | 8;
  /** Reading gives values, not accessors. */
  readonly direct: boolean;
  /** It must stay at its address, because others may be waiting there: not for elements of vectors. */
  readonly pinned: boolean;
  /** Its bytes can be copied anywhere: no pointers. */
  readonly plain: boolean;

  /** Zero or empty, over whatever bytes. */
  init(home: Home, at: number): void;
  /** Direct types only: the value. */
  get(home: Home, at: number): R;
  /** The value or accessor. */
  ref(place: Place): R;
  /** Assigns over an initialised value. What it held is freed. */
  write(home: Home, at: number, value: I): void;
  toJS(home: Home, at: number, budget: Budget): V;
  /** Frees all that it holds, through home.free(); leaves nothing that may be used but init(). */
  destroy(home: Home, at: number): void;
  /** Moves it to other bytes. What it was before is as destroyed. */
  relocate(home: Home, from: number, to: number): void;
}

/** A type that maps and sets can have as key: a number, a bigint, a boolean or text. */
export interface KeyType<V = unknown> extends SharedType<V, V, V> {
  /** Checks a key and gives its hash: the same in every process. What follows, until the next call, is about it. */
  prepare(key: V): number;
  /** Whether what is stored at `at` is the prepared key. */
  matches(home: Home, at: number): boolean;
}

export type AnyKey = KeyType<number> | KeyType<bigint> | KeyType<boolean> | KeyType<string>;

/** The plain value of a type: numbers, strings, arrays, objects, Maps and Sets. */
export type Plain<T> = T extends SharedType<infer V, unknown, unknown> ? V : never;
/** What reading one gives. */
export type Live<T> = T extends SharedType<unknown, infer R, unknown> ? R : never;
/** What can be assigned to one: its plain value, and iterables in place of arrays, Maps and Sets. */
export type Input<T> = T extends SharedType<unknown, unknown, infer I> ? I : never;

export const roundUp = (value: number, align: number) => Math.ceil(value / align) * align;

/** The common part of types without pointers whose value is a direct one. */
export abstract class DirectType<V> implements SharedType<V, V, V> {
  abstract readonly name: string;
  abstract readonly size: number;
  abstract readonly align: 1 | 2 | 4 | 8;
  readonly direct = true;
  readonly pinned = false;
  readonly plain: boolean = true;

  abstract get(home: Home, at: number): V;
  abstract write(home: Home, at: number, value: V): void;

  init(home: Home, at: number): void {
    home.memory.fill(at, this.size);
  }

  ref(place: Place): V {
    return this.get(place.home, place.address());
  }

  toJS(home: Home, at: number, budget: Budget): V {
    budget.spend(this.size);
    return this.get(home, at);
  }

  destroy(_home: Home, _at: number): void {}

  relocate(home: Home, from: number, to: number): void {
    home.memory.copy(to, from, this.size);
  }
}

/**
 * Assigns so that nothing is left of what was there: a struct that names some of its fields loses the others. Not where
 * others may be waiting: locks and atomics stay.
 */
export function replace<I>(type: SharedType<unknown, unknown, I>, home: Home, at: number, value: I): void {
  if (!type.direct && !type.pinned) {
    type.destroy(home, at);
    type.init(home, at);
  }
  type.write(home, at, value);
}
