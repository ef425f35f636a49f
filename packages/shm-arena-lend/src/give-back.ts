// Gives an arena's free memory back to the system while nothing else makes jemalloc look at it.
import type { OwnArena } from '@flow-ipc/native';

const PERIOD_MS = 1000;
/** After so many periods in which nothing happened, all that is free goes, what the thread's cache holds included. */
const IDLE_PERIODS = 10;

/**
 * jemalloc decays as it is called: an arena that nobody uses would keep its free pages, and its last pools, for ever.
 * Runs from the first activity until everything that can go has gone; never keeps the process alive.
 */
export class GiveBack {
  readonly #arena: OwnArena;
  readonly #afterwards: () => void;
  #timer: NodeJS.Timeout | undefined;
  #active = false;
  #idle = 0;

  constructor(arena: OwnArena, afterwards: () => void) {
    this.#arena = arena;
    this.#afterwards = afterwards;
  }

  /** The arena was used. */
  set active(value: true) {
    this.#active = value;
    this.#timer ??= setInterval(() => this.#look(), PERIOD_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    this.#idle = this.#active ? 0 : this.#idle + 1;
    if (this.#idle < IDLE_PERIODS) {
      this.#arena.decay();
      this.#afterwards();
    } else {
      this.#arena.purge();
      this.#afterwards();
      this.stop();
    }
    // What we did ourselves does not count.
    this.#active = false;
  }
}
