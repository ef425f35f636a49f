// One share in a segment list of a pool: dropped by hand once, or when nobody can see its buffers any more.
import type { Pool } from '@flow-ipc/native';

/** What is left of a share when its buffers are gone; it must not refer to them. */
interface ShareState {
  readonly pool: Pool;
  readonly list: number;
  /** Buffers not collected yet. */
  alive: number;
}

/** The net under release(): views keep their buffer alive, and all buffers gone means that nobody reads any more. */
const collected = new FinalizationRegistry<ShareState>((state) => {
  if (--state.alive === 0) state.pool.listRelease(state.list, []);
});

/** A share without buffers: kept by whoever it was made for. */
export class LooseShare {
  readonly #state: ShareState;
  #released = false;

  /** Takes over one share that the caller holds, until release() or until `keeper` is collected. */
  constructor(keeper: object, pool: Pool, list: number) {
    this.#state = { pool, list, alive: 1 };
    collected.register(keeper, this.#state, this.#state);
  }

  /** Idempotent. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    collected.unregister(this.#state);
    this.#state.pool.listRelease(this.#state.list, []);
  }
}

export class ListShare {
  readonly list: number;
  readonly buffers: ArrayBuffer[];
  readonly #state: ShareState;
  #released = false;

  /** Takes over one share that the caller holds. */
  constructor(pool: Pool, list: number, buffers: ArrayBuffer[] = []) {
    this.list = list;
    this.buffers = [];
    this.#state = { pool, list, alive: 0 };
    for (const buffer of buffers) this.add(buffer);
  }

  add(buffer: ArrayBuffer): void {
    this.buffers.push(buffer);
    this.#state.alive++;
    collected.register(buffer, this.#state, this.#state);
  }

  /** Detaches the buffers, so that use after release finds nothing, and drops the share. Idempotent. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    collected.unregister(this.#state);
    this.#state.pool.listRelease(this.list, this.buffers);
  }
}
