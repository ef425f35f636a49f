// What came while the owner blocked in a synchronous request: handled after it, in order (feature 97).
import type { Backlog } from './backlog.js';

export class HeldBack<M extends { readonly heldBytes: number }> {
  readonly #messages: M[] = [];
  readonly #notices: (() => void)[] = [];
  readonly #backlog: Backlog;
  #holds = 0;

  constructor(backlog: Backlog) {
    this.#backlog = backlog;
  }

  /** From now on messages are to be kept here, until release() was called as often. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
  }

  /** Whether somebody blocks. */
  get holding(): boolean {
    return this.#holds > 0;
  }

  /** Whether a message has to wait: somebody blocks, or earlier ones still wait. */
  get queueing(): boolean {
    return this.#holds > 0 || this.#messages.length > 0;
  }

  get hasMessages(): boolean {
    return this.#messages.length > 0;
  }

  get empty(): boolean {
    return this.#messages.length === 0 && this.#notices.length === 0;
  }

  keep(message: M): void {
    this.#messages.push(message);
    this.#backlog.add(message.heldBytes);
  }

  keepNotice(notice: () => void): void {
    this.#notices.push(notice);
  }

  /** Hands out notices, then messages, for as long as nobody blocks (again). */
  deliver(handle: (message: M) => void): void {
    while (this.#notices.length > 0 && this.#holds === 0) this.#notices.shift()!();
    while (this.#messages.length > 0 && this.#holds === 0) {
      const message = this.#messages.shift()!;
      this.#backlog.remove(message.heldBytes);
      handle(message);
    }
  }

  /** Empties it into the caller's hands. */
  *drain(): Generator<M> {
    for (const message of this.#messages.splice(0)) {
      this.#backlog.remove(message.heldBytes);
      yield message;
    }
  }
}
