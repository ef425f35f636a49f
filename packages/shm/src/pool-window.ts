// The beginning of a pool as one piece of memory, which small messages are written and read through.
import { Memory, RevocablePart } from '@flow-ipc/capnp';
import { detachBuffers, type Pool } from '@flow-ipc/native';
import { collected, type ListShare, type ShareState } from './list-share.js';
import { WINDOW } from './shared-memory.js';

/** Registered keepers are used again: registering costs as much as the rest of a small message. */
const MOST_IDLE = 256;

/** Lives as long as anything that shows the bytes of a message: when it is collected, its state says what is lost. */
export class Keeper {
  readonly state: ShareState;

  constructor(window: PoolWindow) {
    this.state = { pool: window.pool, list: 0, alive: 0, held: undefined, window };
    collected.register(this, this.state);
  }
}

/**
 * An ArrayBuffer over shared memory costs more to make, detach and collect than all else of a small message. So there
 * is one, over the pool's first 2 GiB; messages are parts of it, which are revoked when they are released. It is never
 * handed out. After close() it stays for the messages that are not released yet.
 */
export class PoolWindow {
  readonly pool: Pool;
  /** How much of the pool it is, in bytes. */
  readonly size: number;
  #memory: Memory | undefined;
  #users = 0;
  #closed = false;
  readonly #idle: Keeper[] = [];

  constructor(pool: Pool) {
    this.pool = pool;
    this.size = Math.min(WINDOW, pool.size);
  }

  get memory(): Memory {
    this.#memory ??= new Memory(new Uint8Array(this.pool.view(0, this.size)));
    return this.#memory;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What shows these bytes of the pool: a part, where the window reaches so far. */
  show(offset: number, length: number): WindowPart | readonly ArrayBuffer[] {
    return offset + length <= this.size
      ? new WindowPart(this, offset, length)
      : [this.pool.view(offset, length)];
  }

  /** @internal */
  takeKeeper(): Keeper {
    this.#users++;
    return this.#idle.pop() ?? new Keeper(this);
  }

  /** @internal What it kept was released. */
  giveKeeper(keeper: Keeper): void {
    if (this.#idle.length < MOST_IDLE) this.#idle.push(keeper);
    this.#users--;
    if (this.#closed) this.#detachUnused();
  }

  /** @internal What a keeper kept was collected. Somebody may have a view of the window still, if it was closed. */
  lost(): void {
    this.#users--;
  }

  /** Lets the pool's memory go as soon as nobody reads messages in it any more. */
  close(): void {
    this.#closed = true;
    this.#detachUnused();
  }

  #detachUnused(): void {
    if (this.#users === 0 && this.#memory) detachBuffers([this.#memory.buffer as ArrayBuffer]);
  }
}

/** The bytes of a message of one segment, until its share is released. */
export class WindowPart extends RevocablePart {
  readonly #window: PoolWindow;
  #share: ListShare | undefined;
  #keeper: Keeper | undefined;

  constructor(window: PoolWindow, start: number, length: number) {
    super(window.memory, start, length);
    this.#window = window;
    this.#keeper = window.takeKeeper();
  }

  /** @internal The state that tells that it was collected. */
  keepFor(share: ListShare): ShareState {
    this.#share = share;
    return this.#keeper!.state;
  }

  /** @internal */
  override slice(at: number, length: number): Uint8Array {
    // Nothing new can be made of a pool that was closed.
    return this.#keeper && this.#window.closed
      ? new Uint8Array(this.memory.buffer, at, length)
      : super.slice(at, length);
  }

  protected override makeBuffer(): ArrayBuffer {
    const buffer = this.#window.pool.view(this.start, this.length);
    this.#share!.add(buffer);
    return buffer;
  }

  /** @internal Called by its share. */
  end(): void {
    this.revoke();
    this.#window.giveKeeper(this.#keeper!);
    this.#keeper = undefined;
  }
}
