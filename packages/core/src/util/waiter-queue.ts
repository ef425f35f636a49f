// Those who wait for the next of something: served in order, each free to give up.
import { abortedError, type FlowIpcError } from './errors.js';

interface Waiter<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

export class WaiterQueue<T> {
  readonly #waiters: Waiter<T>[] = [];

  wait(signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => this.add(resolve, reject, signal));
  }

  /** wait() without a promise: one of the two is called once. */
  add(resolve: (value: T) => void, reject: (error: unknown) => void, signal?: AbortSignal): void {
    const forget = onAbort(signal, (error) => {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      reject(error);
    });
    const waiter: Waiter<T> = {
      resolve(value) {
        forget();
        resolve(value);
      },
      reject(error) {
        forget();
        reject(error);
      },
    };
    this.#waiters.push(waiter);
  }

  /** Serves the first; false when nobody waits. */
  serve(value: T): boolean {
    const waiter = this.#waiters.shift();
    waiter?.resolve(value);
    return waiter !== undefined;
  }

  rejectAll(error: unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }
}

/** Calls back once when the signal aborts; the result undoes that. */
export function onAbort(
  signal: AbortSignal | undefined,
  callback: (error: FlowIpcError) => void,
): () => void {
  if (!signal) return () => {};
  const listener = () => callback(abortedError(signal));
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
