// A timer that traffic pushes back: touching it costs one clock read, not a timer restart.
import { performance } from 'node:perf_hooks';
import type { Direction, EventLoop, LoopTimer } from './event-loop.js';

/** What must go on while this thread blocks in a synchronous request: pings, or the peer gives us up. */
interface Essential {
  readonly remaining: number;
  expireIfDue(): void;
}

const essential = new Set<Essential>();

/**
 * Expires once `periodMs` have passed since the last touch(). On expiry the task runs and, if it did not stop
 * the timer, a new period begins.
 */
export class LazyTimer {
  readonly #periodMs: number;
  readonly #task: () => void;
  readonly #timer: LoopTimer;
  #last = 0;
  #running = false;

  constructor(loop: EventLoop, direction: Direction, periodMs: number, task: () => void) {
    if (!(periodMs >= 1)) throw new RangeError(`A period is at least 1 ms, not ${periodMs}`);
    this.#periodMs = periodMs;
    this.#task = task;
    this.#timer = loop.timer(() => this.#onTimer(), direction);
  }

  start(options: { essential?: boolean } = {}): void {
    this.#running = true;
    if (options.essential) essential.add(this);
    this.touch();
    this.#timer.start(this.#periodMs);
  }

  touch(): void {
    this.#last = performance.now();
  }

  /** For good. */
  stop(): void {
    this.#running = false;
    essential.delete(this);
    this.#timer.close();
  }

  /** Milliseconds until expiry; zero or less when due. */
  get remaining(): number {
    return this.#last + this.#periodMs - performance.now();
  }

  #onTimer(): void {
    this.expireIfDue();
    // Timers may come a fraction early; a millisecond more avoids a second, empty round.
    if (this.#running) this.#timer.start(Math.max(1, Math.ceil(this.remaining)));
  }

  expireIfDue(): void {
    if (!this.#running || this.remaining > 0) return;
    this.touch();
    this.#task();
  }
}

/**
 * Has the task run every `periodMs` while this thread blocks in a synchronous request, until what is returned is called.
 * For what a peer may have to be answered before it can answer the request. Not called while the event loop turns.
 */
export function whileBlocked(periodMs: number, task: () => void): () => void {
  let last = 0;
  const entry: Essential = {
    get remaining() {
      return last + periodMs - performance.now();
    },
    expireIfDue() {
      if (entry.remaining > 0) return;
      last = performance.now();
      task();
    },
  };
  essential.add(entry);
  return () => essential.delete(entry);
}

/** Runs the essential timers that are due and tells in how many milliseconds the next one is (Infinity: none). */
export function runEssentialTimers(): number {
  let next = Number.POSITIVE_INFINITY;
  for (const timer of essential) {
    timer.expireIfDue();
    next = Math.min(next, timer.remaining);
  }
  return next;
}
