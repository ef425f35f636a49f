// The beginning of a pool as one piece of memory, which small messages are written and read through.
import { Memory, RevocablePart } from '@flow-ipc/capnp';
import { detachBuffers } from '@flow-ipc/native';
import type { Keeper, ListShare } from './list-share.js';

/** In bytes. Larger segments get an ArrayBuffer of their own: it counts as memory of the engine, small ones need not. */
export const MOST_IN_WINDOW = 16 * 1024;

/**
 * An ArrayBuffer over shared memory costs more to make, detach and collect than all else of a small message. So there
 * is one over a pool; messages are parts of it, which are revoked when they are released. It is never handed out. After
 * close() it stays for the messages that are not released yet.
 */
export class MessageWindow {
  /** How much of the pool it is, in bytes. */
  readonly size: number;
  readonly #view: (offset: number, length: number) => ArrayBuffer;
  #memory: Memory | undefined;
  #users = 0;
  #closed = false;

  /** `view` makes an ArrayBuffer over a part of the pool, which keeps its memory mapped. */
  constructor(size: number, view: (offset: number, length: number) => ArrayBuffer) {
    this.size = size;
    this.#view = view;
  }

  get memory(): Memory {
    this.#memory ??= new Memory(new Uint8Array(this.#view(0, this.size)));
    return this.#memory;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What shows these bytes of the pool: a part, where the window reaches so far. */
  show(offset: number, length: number): WindowPart | readonly ArrayBuffer[] {
    return offset + length <= this.size ? new WindowPart(this, offset, length) : [this.#view(offset, length)];
  }

  /** @internal */
  view(offset: number, length: number): ArrayBuffer {
    return this.#view(offset, length);
  }

  /** @internal A part of it shows a message. */
  used(): void {
    this.#users++;
  }

  /** @internal The message was released. */
  unused(): void {
    this.#users--;
    if (this.#closed) this.#detachUnused();
  }

  /** @internal The part was collected. Somebody may have a view of the window still, if it was closed. */
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
  readonly window: MessageWindow;
  #share: ListShare | undefined;
  #keeper: Keeper | undefined;

  constructor(window: MessageWindow, start: number, length: number) {
    super(window.memory, start, length);
    this.window = window;
    window.used();
  }

  /** @internal From here on `keeper` lives as long as the part, or until end(). */
  keep(share: ListShare, keeper: Keeper): void {
    this.#share = share;
    this.#keeper = keeper;
  }

  /** @internal */
  override slice(at: number, length: number): Uint8Array {
    // Nothing new can be made of a pool that was closed.
    return this.#keeper && this.window.closed
      ? new Uint8Array(this.memory.buffer, at, length)
      : super.slice(at, length);
  }

  protected override makeBuffer(): ArrayBuffer {
    const buffer = this.window.view(this.start, this.length);
    this.#share!.add(buffer);
    return buffer;
  }

  /** @internal Called by its share, which gets the keeper back. */
  end(): Keeper {
    const keeper = this.#keeper!;
    this.#keeper = undefined;
    this.revoke();
    this.window.unused();
    return keeper;
  }
}
