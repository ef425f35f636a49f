// When the lists that a pool keeps for this process's next messages are given back.
import { giveBackStaged, type Pool } from '@flow-ipc/native';

/** In milliseconds: for so long, and at most twice as long, lists are kept after the last message. */
const SPARE_MS = 50;

/**
 * The addon keeps them; a thread that sends nothing for a while has them given back by a timer, which does not keep the
 * process alive. One that blocks instead of going back to its event loop keeps them until the pool is closed or full.
 */
export class SpareLists {
  readonly #pool: Pool;
  #used = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Something may be kept from now on. */
  touch(): void {
    this.#used = true;
    this.#timer ??= setTimeout(this.#look, SPARE_MS).unref();
  }

  giveBack(): void {
    if (this.#timer) giveBackStaged(this.#pool.index);
  }

  /** With the pool, which gives them back by itself. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  readonly #look = (): void => {
    if (this.#used) this.#timer!.refresh();
    else {
      this.giveBack();
      this.#timer = undefined;
    }
    this.#used = false;
  };
}
