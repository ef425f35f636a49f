// Mutexes in shared memory: robust, between processes and threads, blocking or not.
import { abortedError, FlowIpcError, onAbort, TransportError } from '@flow-ipc/core';
import type { Taken, Waiting } from '../arena.js';
import { readOnly, ShmError } from '../errors.js';
import { Accessor } from './accessor.js';
import type { WaitOptions } from './atomic.js';
import type { Home } from './home.js';
import type { Place } from './place.js';
import type { Budget, SharedType } from './type.js';

export interface LockOptions extends WaitOptions {
  /** lockAsync() only: gives up when aborted. */
  signal?: AbortSignal;
}

/** Which locks this thread holds: nobody but itself would ever unlock them for it. */
const heldHere = new WeakMap<Waiting, Set<number>>();

/** Held until unlock(), or the end of a `using` block. */
export class Lock implements Disposable {
  /**
   * The process that held it before died holding it: what the mutex guards may be half written. Having a look, and
   * perhaps putting it right, is up to you; the mutex itself is in order.
   */
  readonly recovered: boolean;
  readonly #waiting: Waiting;
  readonly #at: number;
  #held = true;

  /** @internal For a lock that was just taken. */
  constructor(waiting: Waiting, at: number, recovered: boolean) {
    this.#waiting = waiting;
    this.#at = at;
    this.recovered = recovered;
    let held = heldHere.get(waiting);
    if (!held) {
      held = new Set();
      heldHere.set(waiting, held);
    }
    held.add(at);
  }

  get held(): boolean {
    return this.#held;
  }

  /** Idempotent. */
  unlock(): void {
    if (!this.#held) return;
    this.#held = false;
    heldHere.get(this.#waiting)?.delete(this.#at);
    this.#waiting.unlock(this.#at);
  }

  [Symbol.dispose](): void {
    this.unlock();
  }
}

const FOREVER = Number.POSITIVE_INFINITY;

/**
 * Released for those who wait when its owner, process or thread, dies: 50 ms later for a process.
 *
 * Not fair: who comes may overtake who waits. Not recursive: taking it again in the same thread throws DEADLOCK when
 * blocking, and waits for the other task when not.
 */
export class Mutex extends Accessor<undefined, undefined> {
  protected get type(): SharedType<undefined, Mutex, undefined> {
    return mutex;
  }

  /** Undefined when another holds it. */
  tryLock(): Lock | undefined {
    const { waiting, at } = this.$waiting();
    return locked(waiting, at, waiting.tryLock(at, true));
  }

  /** Blocks this thread. Throws ERR_FLOW_IPC_TIMEOUT, or DEADLOCK when this thread holds it already. */
  lock(options: WaitOptions = {}): Lock {
    const { waiting, at } = this.$waiting();
    if (heldHere.get(waiting)?.has(at))
      throw new FlowIpcError(ShmError.DEADLOCK, 'This thread would wait for itself: it holds the mutex');
    const lock = locked(waiting, at, waiting.lock(at, options.timeoutMs ?? FOREVER));
    if (!lock) throw timedOut(options.timeoutMs);
    return lock;
  }

  /** Without blocking. Rejects with ERR_FLOW_IPC_TIMEOUT or an AbortError. */
  async lockAsync(options: LockOptions = {}): Promise<Lock> {
    const { signal } = options;
    const { waiting, at } = this.$waiting();
    const deadline = performance.now() + (options.timeoutMs ?? FOREVER);
    for (let waited = false; ; waited = true) {
      if (signal?.aborted) throw abortedError(signal);
      const lock = locked(waiting, at, waiting.tryLock(at, waited));
      if (lock) return lock;
      const left = deadline - performance.now();
      if (left <= 0) throw timedOut(options.timeoutMs);
      await orAbort(waiting.lockAvailable(at, left), signal);
    }
  }

  /** @internal */
  $waiting(): { waiting: Waiting; at: number } {
    const { waiting } = this.home.arena;
    this.home.mutable();
    if (!waiting) throw readOnly('Cannot lock');
    return { waiting, at: this.$place.address() };
  }
}

function timedOut(timeoutMs: number | undefined): FlowIpcError {
  return new FlowIpcError(TransportError.TIMEOUT, `The mutex was not free within ${timeoutMs} ms`);
}

function locked(waiting: Waiting, at: number, taken: Taken): Lock | undefined {
  return taken === 0 ? undefined : new Lock(waiting, at, taken === 2);
}

/** Waits for either; what was waited for may still come later, and is nobody's then. */
async function orAbort(wait: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return wait;
  let undo = () => {};
  const aborted = new Promise<void>((resolve) => {
    undo = onAbort(signal, () => resolve());
  });
  await Promise.race([wait, aborted]);
  undo();
}

// Layout: src/futex_lock.h of the addon.
class MutexDeclaration implements SharedType<undefined, Mutex, undefined> {
  readonly name = 'mutex';
  readonly size = 8;
  readonly align = 8;
  readonly direct = false;
  readonly pinned = true;
  readonly plain = true;

  init(home: Home, at: number): void {
    home.memory.fill(at, this.size);
  }

  get(): never {
    throw new TypeError('A mutex is no direct value');
  }

  ref(place: Place): Mutex {
    return new Mutex(place);
  }

  write(): void {}

  toJS(_home: Home, _at: number, budget: Budget): undefined {
    budget.spend(this.size);
  }

  destroy(): void {}

  relocate(home: Home, from: number, to: number): void {
    home.memory.copy(to, from, this.size);
  }
}

/** Free when made. It has no plain value, and assigning changes nothing. */
export const mutex: SharedType<undefined, Mutex, undefined> = new MutexDeclaration();
