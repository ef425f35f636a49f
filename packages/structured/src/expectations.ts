// Who waits for what: messages by kind, with a cache for kinds nobody waits for yet (features 99-102).
import { FlowIpcError } from '@flow-ipc/core';
import { StructError } from './errors.js';

interface Expectation<M> {
  handler: (message: M) => void;
  once: boolean;
}

/** Keyed by the value of the body's union discriminant, so that kinds unknown to our schema are kept apart too. */
export class Expectations<M> {
  readonly #expected = new Map<number, Expectation<M>>();
  readonly #cache = new Map<number, M[]>();
  #cached = 0;

  get cached(): number {
    return this.#cached;
  }

  /** Throws ALREADY_EXPECTED. Messages of that kind in the cache are delivered from within. */
  expect(kind: number, once: boolean, handler: (message: M) => void): void {
    if (this.#expected.has(kind)) {
      throw new FlowIpcError(StructError.ALREADY_EXPECTED, 'Messages of this kind are expected already');
    }
    this.#expected.set(kind, { handler, once });
    const waiting = this.#cache.get(kind);
    while (waiting?.length && this.#expected.get(kind)?.handler === handler) {
      this.#cached--;
      this.deliver(kind, waiting.shift()!);
    }
    if (waiting?.length === 0) this.#cache.delete(kind);
  }

  undo(kind: number): boolean {
    return this.#expected.delete(kind);
  }

  /** True when somebody took it. */
  deliver(kind: number, message: M): boolean {
    const expectation = this.#expected.get(kind);
    if (!expectation) return false;
    if (expectation.once) this.#expected.delete(kind);
    expectation.handler(message);
    return true;
  }

  keep(kind: number, message: M): void {
    const waiting = this.#cache.get(kind);
    if (waiting) waiting.push(message);
    else this.#cache.set(kind, [message]);
    this.#cached++;
  }

  /** Empties the cache into the caller's hands. */
  *drain(): Generator<M> {
    for (const waiting of this.#cache.values()) yield* waiting;
    this.#cache.clear();
    this.#cached = 0;
  }
}
