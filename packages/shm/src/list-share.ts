// One share in a segment list: dropped by hand once, or when nobody can see its bytes any more.
import type { MessageWindow, WindowPart } from './message-window.js';

/** What lists belong to: a pool, an arena, or a peer that lends them. */
export interface ListHome {
  /** Detaches the buffers and drops one share. */
  releaseList(list: number, buffers: ArrayBuffer[]): void;
}

/** What is left of a share when its bytes cannot be seen any more; it must not refer to what shows them. */
interface ShareState {
  home: ListHome | undefined;
  list: number;
  /** Of what shows bytes: not collected yet. */
  alive: number;
  held: HeldShares | undefined;
  window: MessageWindow | undefined;
}

const newState = (): ShareState => ({
  home: undefined,
  list: 0,
  alive: 0,
  held: undefined,
  window: undefined,
});

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

const NONE: ArrayBuffer[] = [];

/** Nobody can see the bytes any more. */
function giveBack(state: ShareState): void {
  const { home } = state;
  state.home = undefined;
  state.held?.forget(state);
  state.window?.lost();
  home?.releaseList(state.list, NONE);
}

/** The net under release(): views keep their buffer alive, and all buffers gone means that nobody reads any more. */
const collected = new FinalizationRegistry<ShareState>((state) => {
  if (--state.alive === 0) giveBack(state);
});

/** Lives as long as the part of a window that has it: when it is collected, its state says what is lost. */
export class Keeper {
  readonly state: ShareState = newState();

  constructor() {
    collected.register(this, this.state, this);
  }
}

/** Used again: to register a keeper costs as much as the rest of a small message. They refer to nothing meanwhile. */
const idle: Keeper[] = [];
const MOST_IDLE = 256;

/** A share without buffers: kept by whoever it was made for. */
export class LooseShare {
  readonly #state: ShareState = newState();
  #released = false;

  /** Takes over one share that the caller holds, until release() or until `keeper` is collected. */
  constructor(keeper: object, home: ListHome, list: number, held?: HeldShares) {
    const state = this.#state;
    state.home = home;
    state.list = list;
    state.alive = 1;
    state.held = held;
    held?.add(state, this);
    collected.register(keeper, state, state);
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
  readonly #buffers: ArrayBuffer[] = [];
  readonly #part: WindowPart | undefined;
  readonly #state: ShareState;
  #released = false;

  /** Takes over one share that the caller holds, whose bytes `first` shows. */
  constructor(home: ListHome, list: number, first: WindowPart | readonly ArrayBuffer[], held?: HeldShares) {
    this.list = list;
    let state: ShareState;
    if ('window' in first) {
      const keeper = idle.pop() ?? new Keeper();
      first.keep(this, keeper);
      this.#part = first;
      state = keeper.state;
      state.alive = 1;
      state.window = first.window;
    } else {
      state = newState();
    }
    this.#state = state;
    state.home = home;
    state.list = list;
    state.held = held;
    held?.add(state, this);
    if (!this.#part) for (const buffer of first as readonly ArrayBuffer[]) this.add(buffer);
  }

  /** One more buffer that shows bytes. */
  add(buffer: ArrayBuffer): void {
    this.#buffers.push(buffer);
    this.#state.alive++;
    collected.register(buffer, this.#state, this.#state);
  }

  /** Detaches the buffers and revokes the part, so that use after release finds nothing; drops the share. Idempotent. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    const state = this.#state;
    const home = state.home;
    state.home = undefined;
    state.held?.forget(state);
    if (this.#buffers.length > 0) collected.unregister(state);
    if (this.#part) {
      state.held = undefined;
      state.window = undefined;
      state.alive = 0;
      const keeper = this.#part.end();
      if (idle.length < MOST_IDLE) idle.push(keeper);
      else collected.unregister(keeper);
    }
    home?.releaseList(this.list, this.#buffers);
  }
}
