// Waiting across processes in a pool: robust locks and futexes, blocking or not.
import { systemError } from '@flow-ipc/core';
import { closeFd, FdWatcher, type Pool, READABLE } from '@flow-ipc/native';
import type { Taken, Waiting } from './arena.js';

const FOREVER = -1;

const blocking = (timeoutMs: number) => (timeoutMs === Number.POSITIVE_INFINITY ? FOREVER : timeoutMs);

export class PoolWaiting implements Waiting {
  readonly #pool: Pool;
  /** Many who await the same lock here share one thread. */
  readonly #awaited = new Map<number, Promise<void>>();

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  tryLock(address: number, waited: boolean): Taken {
    return this.#pool.lockTry(address, waited);
  }

  lock(address: number, timeoutMs: number): Taken {
    return this.#pool.lockTake(address, blocking(timeoutMs));
  }

  unlock(address: number): boolean {
    return this.#pool.lockRelease(address);
  }

  lockAvailable(address: number, timeoutMs: number): Promise<void> {
    const known = this.#awaited.get(address);
    if (known) return known;
    const awaited = readable(this.#pool.lockAwait(address, timeoutMs)).finally(() =>
      this.#awaited.delete(address),
    );
    this.#awaited.set(address, awaited);
    return awaited;
  }

  wait(address: number, expected: number, timeoutMs: number): void {
    this.#pool.futexWait(address, expected, blocking(timeoutMs));
  }

  waitAsync(address: number, expected: number, timeoutMs: number): Promise<void> {
    return readable(this.#pool.futexAwait(address, expected, timeoutMs));
  }

  wake(address: number, count: number): number {
    return this.#pool.futexWake(address, count);
  }
}

/** Settles when the descriptor is readable, and closes it. */
function readable(fd: number): Promise<void> {
  if (fd < 0) return Promise.reject(systemError('eventfd', fd, 'Cannot wait'));
  return new Promise((resolve) => {
    const watcher = new FdWatcher(fd, () => {
      watcher.close();
      closeFd(fd);
      resolve();
    });
    watcher.start(READABLE);
  });
}
