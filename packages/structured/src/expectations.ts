// Who waits for what: messages by kind, with a cache for kinds nobody waits for yet (features 99-102).
import { FlowIpcError } from '@flow-ipc/core';
import type { Backlog } from './backlog.js';
import { StructError } from './errors.js';

export interface Expectation<M> {
  handler: (message: M) => unknown;
  once: boolean;
}

/** Keyed by the value of the body's union discriminant, so that kinds unknown to our schema are kept apart too. */
export class Expectations<M extends { readonly heldBytes: number }> {
  readonly #expected = new Map<number, Expectation<M>>();
  readonly #cache = new Map<number, M[]>();
  readonly #backlog: Backlog;
  #cached = 0;

  constructor(backlog: Backlog) {
    this.#backlog = backlog;
  }

  get cached(): number {
    return this.#cached;
  }

  /** How many kinds somebody waits for. */
  get expected(): number {
    return this.#expected.size;
  }

  /** Throws ALREADY_EXPECTED. What the cache holds of that kind stays there: see take(). */
  expect(kind: number, once: boolean, handler: (message: M) => unknown): Expectation<M> {
    if (this.#expected.has(kind)) {
      throw new FlowIpcError(StructError.ALREADY_EXPECTED, 'Messages of this kind are expected already');
    }
    const expectation = { handler, once };
    this.#expected.set(kind, expectation);
    return expectation;
  }

  isExpected(kind: number): boolean {
    return this.#expected.has(kind);
  }

  /** Whether it is still the one that its kind's messages go to. */
  stands(kind: number, expectation: Expectation<M>): boolean {
    return this.#expected.get(kind) === expectation;
  }

  undo(kind: number): boolean {
    return this.#expected.delete(kind);
  }

  /** Who gets a message of that kind now. A one-off expectation is used up by it. */
  handlerFor(kind: number): ((message: M) => unknown) | undefined {
    const expectation = this.#expected.get(kind);
    if (!expectation) return undefined;
    if (expectation.once) this.#expected.delete(kind);
    return expectation.handler;
  }

  keep(kind: number, message: M): void {
    const waiting = this.#cache.get(kind);
    if (waiting) waiting.push(message);
    else this.#cache.set(kind, [message]);
    this.#cached++;
    this.#backlog.add(message.heldBytes);
  }

  /** The kinds that the cache holds messages of. */
  cachedKinds(): Iterable<number> {
    return this.#cache.keys();
  }

  /** The oldest message of a kind in the cache, which is the caller's then. */
  take(kind: number): M | undefined {
    const waiting = this.#cache.get(kind);
    const message = waiting?.shift();
    if (!message) return undefined;
    if (waiting!.length === 0) this.#cache.delete(kind);
    this.#cached--;
    this.#backlog.remove(message.heldBytes);
    return message;
  }

  /** Empties the cache into the caller's hands. */
  *drain(): Generator<M> {
    for (const kind of [...this.#cache.keys()]) {
      for (let message = this.take(kind); message; message = this.take(kind)) yield message;
    }
  }
}
