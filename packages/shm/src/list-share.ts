// One share in a segment list of a pool: dropped by hand once, or when nobody can see its buffers any more.
import { type Pool, releaseStaged } from '@flow-ipc/native';
import type { PoolWindow, WindowPart } from './pool-window.js';

/** What is left of a share when nobody can see its bytes any more; it must not refer to what shows them. */
export interface ShareState {
  readonly pool: Pool;
  list: number;
  /** Of what shows bytes: not collected yet. */
  alive: number;
  held: HeldShares | undefined;
  readonly window?: PoolWindow;
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

/** Nobody can see the bytes any more. */
function giveBack(state: ShareState): void {
  state.held?.forget(state);
  state.window?.lost();
  releaseStaged(state.pool.index, state.list);
}

/** The net under release(): views keep their buffer alive, and all buffers gone means that nobody reads any more. */
export const collected = new FinalizationRegistry<ShareState>((state) => {
  if (state.alive > 0 && --state.alive === 0) giveBack(state);
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
    collected.unregister(this.#state);
    giveBack(this.#state);
  }
}

export class ListShare {
  readonly list: number;
  /** What shows the bytes to readers: the part, or buffers. */
  readonly part: WindowPart | undefined;
  readonly buffers: ArrayBuffer[];
  readonly #state: ShareState;
  #released = false;

  /** Takes over one share that the caller holds, whose bytes `first` shows. */
  constructor(pool: Pool, list: number, first: WindowPart | readonly ArrayBuffer[], held?: HeldShares) {
    this.list = list;
    this.buffers = [];
    if (Array.isArray(first)) {
      this.part = undefined;
      this.#state = { pool, list, alive: 0, held };
      for (const buffer of first) this.add(buffer);
    } else {
      this.part = first as WindowPart;
      this.#state = this.part.keepFor(this);
      this.#state.list = list;
      this.#state.alive = 1;
      this.#state.held = held;
    }
    held?.add(this.#state, this);
  }

  add(buffer: ArrayBuffer): void {
    this.buffers.push(buffer);
    this.#state.alive++;
    collected.register(buffer, this.#state, this.#state);
  }

  /** Detaches the buffers and revokes the part, so that use after release finds nothing; drops the share. Idempotent. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    const { buffers } = this;
    const state = this.#state;
    state.held?.forget(state);
    if (buffers.length === 0) {
      releaseStaged(state.pool.index, this.list);
    } else {
      collected.unregister(state);
      state.pool.listRelease(this.list, buffers);
    }
    state.alive = 0;
    this.part?.end();
  }
}
