// One share in a segment list of a pool: dropped by hand once, or when nobody can see its buffers any more.
import type { Pool } from '@flow-ipc/native';

/** What is left of a share when its buffers are gone; it must not refer to them. */
interface ShareState {
  readonly pool: Pool;
  readonly list: number;
  /** Buffers not collected yet. */
  alive: number;
  readonly held: HeldShares | undefined;
}

/**
 * Shares that are not released yet, kept where a pool outlives this process's part in it: what is still held when that
 * ends must be given back then, for nobody can later.
 */
export class HeldShares {
  readonly #shares = new Map<ShareState, WeakRef<{ release(): void }>>();

  /** @internal */
  add(state: ShareState, share: { release(): void }): void {
    this.#shares.set(state, new WeakRef(share));
  }

  /** @internal */
  forget(state: ShareState): void {
    this.#shares.delete(state);
  }

  releaseAll(): void {
    for (const [state, ref] of [...this.#shares]) {
      const share = ref.deref();
      // Somebody may hold a view without the message; its bytes are nobody's any more.
      if (share) share.release();
      else giveBack(state);
    }
  }
}

function giveBack(state: ShareState, buffers: ArrayBuffer[] = []): void {
  state.held?.forget(state);
  collected.unregister(state);
  state.pool.listRelease(state.list, buffers);
}

/** The net under release(): views keep their buffer alive, and all buffers gone means that nobody reads any more. */
const collected = new FinalizationRegistry<ShareState>((state) => {
  if (--state.alive === 0) giveBack(state);
});

/** A share without buffers: kept by whoever it was made for. */
export class LooseShare {
  readonly #state: ShareState;
  #released = false;

  /** Takes over one share that the caller holds, until release() or until `keeper` is collected. */
  constructor(keeper: object, pool: Pool, list: number, held?: HeldShares) {
    this.#state = { pool, list, alive: 1, held };
    held?.add(this.#state, this);
    collected.register(keeper, this.#state, this.#state);
  }

  /** Idempotent. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    giveBack(this.#state);
  }
}

export class ListShare {
  readonly list: number;
  readonly buffers: ArrayBuffer[];
  readonly #state: ShareState;
  #released = false;

  /** Takes over one share that the caller holds. */
  constructor(pool: Pool, list: number, buffers: ArrayBuffer[] = [], held?: HeldShares) {
    this.list = list;
    this.buffers = [];
    this.#state = { pool, list, alive: 0, held };
    held?.add(this.#state, this);
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
    giveBack(this.#state, this.buffers);
  }
}
