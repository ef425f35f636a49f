// Who waits for the responses to which request (features 95-97).
import type { FlowIpcError } from '@flow-ipc/core';

export interface ResponseExpectation<M> {
  onResponse(message: M): unknown;
  /** The channel ended first. Not called after undo() or abandon(). */
  onEnd(error: FlowIpcError): void;
  /** Forgotten after the first response. */
  readonly once: boolean;
  /** A caller blocks for it: it is served before what is held back meanwhile. */
  readonly blocking: boolean;
}

/** Requests given up that are remembered; the late response to an older one counts as unexpected. */
const MAX_ABANDONED = 65536;

export class Responses<M> {
  /** The last one added is kept beside the others: most often it is the next to be answered, and the only one. */
  #newest: ResponseExpectation<M> | undefined;
  #newestId = 0;
  readonly #older = new Map<number, ResponseExpectation<M>>();
  /** Requests given up, oldest first, and whether they asked for one response: late ones are dropped without ado. */
  readonly #abandoned = new Map<number, boolean>();

  get pending(): number {
    return this.#older.size + (this.#newest ? 1 : 0);
  }

  add(id: number, expectation: ResponseExpectation<M>): void {
    this.#settleNewest();
    this.#newest = expectation;
    this.#newestId = id;
  }

  get(id: number): ResponseExpectation<M> | undefined {
    return id === this.#newestId ? this.#newest : this.#older.get(id);
  }

  /** False when nobody waits for responses to that request (any more). Later ones are unexpected. */
  undo(id: number): boolean {
    if (id !== this.#newestId) return this.#older.delete(id);
    const was = this.#newest !== undefined;
    this.#newest = undefined;
    return was;
  }

  /** The request was given up: a response that comes late is no mistake of the peer's. */
  abandon(id: number): void {
    const pending = this.get(id);
    if (!pending) return;
    this.undo(id);
    if (this.#abandoned.size >= MAX_ABANDONED) this.#abandoned.delete(this.#abandoned.keys().next().value!);
    this.#abandoned.set(id, pending.once);
  }

  /** Whether a response to that request is merely late. */
  isLate(id: number): boolean {
    const once = this.#abandoned.get(id);
    if (once) this.#abandoned.delete(id);
    return once !== undefined;
  }

  /** The channel is over: all, or only those who block, are told. */
  rejectAll(error: FlowIpcError, blockingOnly = false): void {
    this.#settleNewest();
    for (const [id, expectation] of [...this.#older]) {
      if (blockingOnly && !expectation.blocking) continue;
      this.#older.delete(id);
      expectation.onEnd(error);
    }
  }

  #settleNewest(): void {
    if (this.#newest) this.#older.set(this.#newestId, this.#newest);
    this.#newest = undefined;
  }
}
