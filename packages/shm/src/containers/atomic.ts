// Atomics: numbers that several processes change at once, and can wait for.
import { FlowIpcError, TransportError } from '@flow-ipc/core';
import type { Waiting } from '../arena.js';
import { readOnly } from '../errors.js';
import { Accessor } from './accessor.js';
import type { Home } from './home.js';
import type { Place } from './place.js';
import type { Budget, SharedType } from './type.js';

export interface WaitOptions {
  /** How long at most. @default for ever */
  timeoutMs?: number;
}

type Words = Int32Array | BigInt64Array;
type Values<V> = { [K in 'add' | 'and' | 'exchange' | 'or' | 'store' | 'sub' | 'xor']: V };

/** What Atomics has for typed arrays, at one place. All give the value before. */
export class Atomic<V extends number | bigint> extends Accessor<V, V> {
  protected readonly type: AtomicDeclaration<V>;

  constructor(type: AtomicDeclaration<V>, place: Place) {
    super(place);
    this.type = type;
  }

  load(): V {
    const { memory } = this.home;
    const at = this.$place.address();
    return this.type.load(memory.words(at), memory.longs(at), at);
  }

  store(value: V): void {
    this.#do('store', value);
  }

  add(value: V): V {
    return this.#do('add', value);
  }

  sub(value: V): V {
    return this.#do('sub', value);
  }

  and(value: V): V {
    return this.#do('and', value);
  }

  or(value: V): V {
    return this.#do('or', value);
  }

  xor(value: V): V {
    return this.#do('xor', value);
  }

  exchange(value: V): V {
    return this.#do('exchange', value);
  }

  /** Stores `value` if it was `expected`. The value before. */
  compareExchange(expected: V, value: V): V {
    this.home.mutable();
    const { memory } = this.home;
    const at = this.$place.address();
    return this.type.compareExchange(memory.words(at), memory.longs(at), at, expected, value);
  }

  #do(what: keyof Values<V>, value: V): V {
    this.home.mutable();
    const { memory } = this.home;
    const at = this.$place.address();
    return this.type.apply(what, memory.words(at), memory.longs(at), at, value);
  }
}

/** A 32-bit atomic can be waited for, in any process that can write it. */
export class WaitableAtomic extends Atomic<number> {
  /** Blocks this thread while the value is `expected`. False when time was up. */
  waitWhile(expected: number, options: WaitOptions = {}): boolean {
    const deadline = performance.now() + (options.timeoutMs ?? Number.POSITIVE_INFINITY);
    const { waiting, at } = this.#waiting();
    for (;;) {
      if (this.load() !== expected) return true;
      const left = deadline - performance.now();
      if (left <= 0) return false;
      waiting.wait(at, expected | 0, left);
    }
  }

  /** Settles when the value is not `expected`; rejects with ERR_FLOW_IPC_TIMEOUT when time is up. */
  async changed(expected: number, options: WaitOptions = {}): Promise<void> {
    const deadline = performance.now() + (options.timeoutMs ?? Number.POSITIVE_INFINITY);
    const { waiting, at } = this.#waiting();
    while (this.load() === expected) {
      const left = deadline - performance.now();
      if (left <= 0)
        throw new FlowIpcError(TransportError.TIMEOUT, `The value did not change in ${options.timeoutMs} ms`);
      await waiting.waitAsync(at, expected | 0, left);
    }
  }

  /** Wakes those who wait for a change, to look at it. How many there were. */
  notify(count = Number.MAX_SAFE_INTEGER): number {
    const { waiting, at } = this.#waiting();
    return waiting.wake(at, count);
  }

  #waiting(): { waiting: Waiting; at: number } {
    const { waiting } = this.home.arena;
    if (!waiting) throw readOnly('Cannot wait for a value');
    return { waiting, at: this.$place.address() };
  }
}

class AtomicDeclaration<V extends number | bigint> implements SharedType<V, Atomic<V>, V> {
  readonly name: string;
  readonly size: 4 | 8;
  readonly align: 4 | 8;
  readonly direct = false;
  readonly pinned = true;
  readonly plain = true;
  readonly #unsigned: boolean;

  constructor(name: string, size: 4 | 8, unsigned: boolean) {
    this.name = name;
    this.size = size;
    this.align = size;
    this.#unsigned = unsigned;
  }

  init(home: Home, at: number): void {
    home.memory.fill(at, this.size);
  }

  get(): never {
    throw new TypeError('An atomic is no direct value');
  }

  ref(place: Place): Atomic<V> {
    const atomic = this.size === 4 ? new WaitableAtomic(this as never, place) : new Atomic(this, place);
    return atomic as unknown as Atomic<V>;
  }

  write(home: Home, at: number, value: V): void {
    this.apply('store', home.memory.words(at), home.memory.longs(at), at, value);
  }

  toJS(home: Home, at: number, budget: Budget): V {
    budget.spend(this.size);
    return this.load(home.memory.words(at), home.memory.longs(at), at);
  }

  destroy(): void {}

  relocate(home: Home, from: number, to: number): void {
    home.memory.copy(to, from, this.size);
  }

  load(words: Int32Array, longs: BigInt64Array, at: number): V {
    return this.#result(
      this.size === 4 ? Atomics.load(words, index(at, 4)) : Atomics.load(longs, index(at, 8)),
    );
  }

  apply(what: keyof Values<V>, words: Int32Array, longs: BigInt64Array, at: number, value: V): V {
    this.#check(value);
    const array = (this.size === 4 ? words : longs) as Words;
    const operation = Atomics[what] as (array: Words, index: number, value: V) => V;
    return this.#result(operation(array, index(at, this.size), value));
  }

  compareExchange(words: Int32Array, longs: BigInt64Array, at: number, expected: V, value: V): V {
    this.#check(expected);
    this.#check(value);
    const array = (this.size === 4 ? words : longs) as Words;
    const operation = Atomics.compareExchange as unknown as (a: Words, i: number, e: V, v: V) => V;
    return this.#result(operation(array, index(at, this.size), expected, value));
  }

  #check(value: V): void {
    if (this.size === 8 ? typeof value !== 'bigint' : !Number.isInteger(value))
      throw new TypeError(`${String(value)} is not ${this.size === 8 ? 'a bigint' : 'an integer'}`);
  }

  #result(value: number | bigint): V {
    if (!this.#unsigned) return value as V;
    return (typeof value === 'bigint' ? BigInt.asUintN(64, value) : value >>> 0) as V;
  }
}

/** In the window of the address. */
const index = (at: number, size: number) => (at % 2 ** 31) / size;

/** 32 bits; arithmetic wraps around. Can be waited for. */
export const atomicI32: SharedType<number, WaitableAtomic, number> = new AtomicDeclaration<number>(
  'atomicI32',
  4,
  false,
) as never;
export const atomicU32: SharedType<number, WaitableAtomic, number> = new AtomicDeclaration<number>(
  'atomicU32',
  4,
  true,
) as never;
/** 64 bits; arithmetic wraps around. */
export const atomicI64: SharedType<bigint, Atomic<bigint>, bigint> = new AtomicDeclaration(
  'atomicI64',
  8,
  false,
);
export const atomicU64: SharedType<bigint, Atomic<bigint>, bigint> = new AtomicDeclaration(
  'atomicU64',
  8,
  true,
);
