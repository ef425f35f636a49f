// Async iteration over messages: a queue between the channel and a `for await` loop.
import type { Backlog } from './backlog.js';
import { type PatienceOptions, startPatience } from './patience.js';

interface Waiter<M> {
  resolve(result: IteratorResult<M, undefined>): void;
  reject(err: unknown): void;
}

/** Why no more messages are wanted: the loop was left, or it was given up from outside. */
export type EndOfIteration = 'left' | 'given-up';

export class MessageIterator<M extends Disposable & { readonly heldBytes: number }>
  implements AsyncIterableIterator<M, undefined>, AsyncDisposable
{
  readonly #backlog: Backlog;
  readonly #onClose: (why: EndOfIteration) => void;
  readonly #queue: M[] = [];
  readonly #waiters: Waiter<M>[] = [];
  #ended = false;
  #error: unknown;
  readonly #stopPatience: () => void;

  /** `onClose` is called once, when no more messages are wanted. Patience that is over already does nothing. */
  constructor(backlog: Backlog, patience: PatienceOptions, onClose: (why: EndOfIteration) => void) {
    this.#backlog = backlog;
    this.#onClose = onClose;
    this.#stopPatience = startPatience(patience, (error) => this.end(error));
  }

  /** Messages that wait for the loop. */
  get queued(): number {
    return this.#queue.length;
  }

  /** @internal */
  push(message: M): void {
    const waiter = this.#waiters.shift();
    if (waiter) {
      waiter.resolve({ done: false, value: message });
      return;
    }
    this.#queue.push(message);
    this.#backlog.add(message.heldBytes);
  }

  /** @internal No more messages: those queued are still handed out, then the loop ends or, with an error, throws. */
  end(error?: unknown, why: EndOfIteration = 'given-up'): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#stopPatience();
    this.#onClose(why);
    // Who waits is told; otherwise the next one who asks.
    if (this.#waiters.length > 0) this.#error = undefined;
    for (const waiter of this.#waiters.splice(0)) {
      if (error === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(error);
    }
  }

  next(): Promise<IteratorResult<M, undefined>> {
    const message = this.#take();
    if (message) return Promise.resolve({ done: false, value: message });
    if (!this.#ended) return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
  }

  /** The loop was left: what it did not see is released. */
  return(): Promise<IteratorResult<M, undefined>> {
    this.end(undefined, 'left');
    for (let message = this.#take(); message; message = this.#take()) message[Symbol.dispose]();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #take(): M | undefined {
    const message = this.#queue.shift();
    if (message) this.#backlog.remove(message.heldBytes);
    return message;
  }
}
