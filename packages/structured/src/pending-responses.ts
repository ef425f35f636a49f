// Requests that wait for their response: settled once, by the response, a time-out, a signal, or the channel's end.
import { FlowIpcError, onAbort, TransportError } from '@flow-ipc/core';

interface Pending<M> {
  resolve(message: M): void;
  reject(error: FlowIpcError): void;
}

export interface PatienceOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
}

export class PendingResponses<M> {
  readonly #pending = new Map<number, Pending<M>>();
  /** Requests given up: their late responses are dropped without ado. */
  readonly #abandoned = new Set<number>();

  add(id: number, pending: Pending<M>): void {
    this.#pending.set(id, pending);
  }

  /** The response to request `id`. Rejects with TIMEOUT or ABORTED when patience ends first. */
  wait(id: number, { timeoutMs, signal }: PatienceOptions): Promise<M> {
    return new Promise((resolve, reject) => {
      if (!signal && timeoutMs === undefined) {
        this.add(id, { resolve, reject });
        return;
      }
      const settled = () => {
        clearTimeout(timer);
        forgetSignal();
      };
      const giveUp = (error: FlowIpcError) => {
        settled();
        this.abandon(id);
        reject(error);
      };
      const timer =
        timeoutMs === undefined ? undefined : setTimeout(() => giveUp(timedOut(timeoutMs)), timeoutMs);
      const forgetSignal = onAbort(signal, giveUp);
      this.add(id, {
        resolve(message) {
          settled();
          resolve(message);
        },
        reject(error) {
          settled();
          reject(error);
        },
      });
    });
  }

  abandon(id: number): void {
    if (this.#pending.delete(id)) this.#abandoned.add(id);
  }

  /** What became of the response to request `id`: taken, came too late, or nobody ever asked. */
  settle(id: number, message: M): 'taken' | 'late' | 'unexpected' {
    const pending = this.#pending.get(id);
    if (!pending) return this.#abandoned.delete(id) ? 'late' : 'unexpected';
    this.#pending.delete(id);
    pending.resolve(message);
    return 'taken';
  }

  rejectAll(error: FlowIpcError): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(error);
  }
}

export function timedOut(ms: number): FlowIpcError {
  return new FlowIpcError(TransportError.TIMEOUT, `No response within ${ms} ms`);
}
