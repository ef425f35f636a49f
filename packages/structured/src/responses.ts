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
  readonly #pending = new Map<number, ResponseExpectation<M>>();
  /** Requests given up, oldest first, and whether they asked for one response: late ones are dropped without ado. */
  readonly #abandoned = new Map<number, boolean>();

  get pending(): number {
    return this.#pending.size;
  }

  add(id: number, expectation: ResponseExpectation<M>): void {
    this.#pending.set(id, expectation);
  }

  get(id: number): ResponseExpectation<M> | undefined {
    return this.#pending.get(id);
  }

  /** False when nobody waits for responses to that request (any more). Later ones are unexpected. */
  undo(id: number): boolean {
    return this.#pending.delete(id);
  }

  /** The request was given up: a response that comes late is no mistake of the peer's. */
  abandon(id: number): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
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
    for (const [id, expectation] of [...this.#pending]) {
      if (blockingOnly && !expectation.blocking) continue;
      this.#pending.delete(id);
      expectation.onEnd(error);
    }
  }
}
