// Conditions in shared memory: waiting, with a mutex let go meanwhile, until another process says that things changed.
import type { Waiting } from '../arena.js';
import { readOnly } from '../errors.js';
import { Accessor } from './accessor.js';
import type { WaitOptions } from './atomic.js';
import type { Home } from './home.js';
import type { Lock, Mutex } from './mutex.js';
import type { Place } from './place.js';
import type { Budget, SharedType } from './type.js';

const FOREVER = Number.POSITIVE_INFINITY;

/**
 * Waits may end early: look at what you wait for, in a loop. The mutex is held again afterwards, whatever happened, and
 * if its owner died meanwhile the new lock says so in `recovered`.
 */
export class Condition extends Accessor<undefined, undefined> {
  protected get type(): SharedType<undefined, Condition, undefined> {
    return condition;
  }

  /** Blocks this thread. `lock` of `mutex` ends here; go on with the one that is returned. */
  wait(mutex: Mutex, lock: Lock, options: WaitOptions = {}): Lock {
    const { waiting, at, seen } = this.#unlock(lock);
    waiting.wait(at, seen, options.timeoutMs ?? FOREVER);
    return mutex.lock();
  }

  /** The same without blocking. Waits a second at the longest, even without `timeoutMs`. */
  async waitAsync(mutex: Mutex, lock: Lock, options: WaitOptions = {}): Promise<Lock> {
    const { waiting, at, seen } = this.#unlock(lock);
    await waiting.waitAsync(at, seen, options.timeoutMs ?? FOREVER);
    return mutex.lockAsync();
  }

  /** Wakes one who waits. Whether there was one. */
  notifyOne(): boolean {
    return this.#notify(1) > 0;
  }

  /** Wakes all who wait. How many there were. */
  notifyAll(): number {
    return this.#notify(Number.MAX_SAFE_INTEGER);
  }

  #notify(count: number): number {
    const { waiting, at, words, index } = this.#parts();
    Atomics.add(words, index, 1);
    return waiting.wake(at, count);
  }

  #unlock(lock: Lock): { waiting: Waiting; at: number; seen: number } {
    if (!lock.held) throw new TypeError('Waiting for a condition takes a lock that is held');
    const { waiting, at, words, index } = this.#parts();
    // Read while the mutex is held: whoever changes things after us changes this, too, and the wait is none.
    const seen = Atomics.load(words, index);
    lock.unlock();
    return { waiting, at, seen };
  }

  #parts(): { waiting: Waiting; at: number; words: Int32Array; index: number } {
    this.home.mutable();
    const { waiting } = this.home.arena;
    if (!waiting) throw readOnly('Cannot wait');
    const at = this.$place.address();
    const { memory } = this.home;
    return { waiting, at, words: memory.words(at), index: memory.wordIndex(at) };
  }
}

// Layout: u32 that counts notifications, and on which futex(2) waits.
class ConditionDeclaration implements SharedType<undefined, Condition, undefined> {
  readonly name = 'condition';
  readonly size = 4;
  readonly align = 4;
  readonly direct = false;
  readonly pinned = true;
  readonly plain = true;

  init(home: Home, at: number): void {
    home.memory.fill(at, this.size);
  }

  get(): never {
    throw new TypeError('A condition is no direct value');
  }

  ref(place: Place): Condition {
    return new Condition(place);
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

/** It has no plain value, and assigning changes nothing. */
export const condition: SharedType<undefined, Condition, undefined> = new ConditionDeclaration();
