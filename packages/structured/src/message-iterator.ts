// Async iteration over messages of one kind: a queue between the channel and a `for await` loop.
import { onAbort } from '@flow-ipc/core';

interface Waiter<M> {
  resolve(result: IteratorResult<M, undefined>): void;
  reject(err: unknown): void;
}

export class MessageIterator<M extends Disposable> implements AsyncIterableIterator<M, undefined> {
  readonly #onClose: () => void;
  readonly #queue: M[] = [];
  readonly #waiters: Waiter<M>[] = [];
  #ended = false;
  #error: unknown;
  readonly #removeAbort: () => void;

  /** `onClose` is called once, when no more messages are wanted. A signal that is aborted already does nothing. */
  constructor(onClose: () => void, signal?: AbortSignal) {
    this.#onClose = onClose;
    this.#removeAbort = onAbort(signal, (error) => this.end(error));
  }

  get queued(): number {
    return this.#queue.length;
  }

  push(message: M): void {
    const waiter = this.#waiters.shift();
    if (waiter) waiter.resolve({ done: false, value: message });
    else this.#queue.push(message);
  }

  /** No more messages: those queued are still handed out, then the loop ends or, with an error, throws. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#removeAbort();
    this.#onClose();
    for (const waiter of this.#waiters.splice(0)) {
      if (error === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(error);
    }
  }

  next(): Promise<IteratorResult<M, undefined>> {
    const message = this.#queue.shift();
    if (message) return Promise.resolve({ done: false, value: message });
    if (!this.#ended) return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
  }

  /** The loop was left: what it did not see is released. */
  return(): Promise<IteratorResult<M, undefined>> {
    this.end();
    for (const message of this.#queue.splice(0)) message[Symbol.dispose]();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
