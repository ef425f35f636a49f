// The buffers of a message's list, given back once: by hand, or when nobody can see them any more.

/** What is left of a share when its buffers are gone; it must not refer to them. */
interface ShareState {
  readonly giveBack: () => void;
  /** Buffers not collected yet. */
  alive: number;
}

/** The net under release(): views keep their buffer alive, and all buffers gone means that nobody reads any more. */
const collected = new FinalizationRegistry<ShareState>((state) => {
  if (--state.alive === 0) state.giveBack();
});

export class ListShare {
  readonly buffers: ArrayBuffer[] = [];
  readonly #state: ShareState;
  #released = false;

  /** `giveBack` is called when the buffers were collected; it must not refer to them. */
  constructor(giveBack: () => void, buffers: ArrayBuffer[] = []) {
    this.#state = { giveBack, alive: 0 };
    for (const buffer of buffers) this.add(buffer);
  }

  add(buffer: ArrayBuffer): void {
    this.buffers.push(buffer);
    this.#state.alive++;
    collected.register(buffer, this.#state, this.#state);
  }

  /** True the first time: it is now up to the caller to detach the buffers and give the list back. */
  release(): boolean {
    if (this.#released) return false;
    this.#released = true;
    collected.unregister(this.#state);
    return true;
  }
}
