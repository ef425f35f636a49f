// The sync_io form of any sending pipe: the concept, and its one implementation (features 19-24, 28-39).
import type { SendCounters, SenderPipe } from '../transport.js';
import type { FlowIpcError } from '../util/errors.js';
import type { NativeHandle } from '../util/native-handle.js';
import type { EventWaitFunc, EventWaitHandle, EventWaitHandleFactory, EventWaitLoop } from './event-wait.js';
import { WOULD_BLOCK, type WouldBlock } from './would-block.js';

/**
 * What sends, driven by an event-wait function. Until startSendOps(), and in NULL state, everything that acts returns
 * false and does nothing. Errors are thrown as {@link SenderPipe.send} throws them.
 */
export interface SyncIoSender<H extends EventWaitHandle = EventWaitHandle> {
  /** Only before anything is started; false if too late. */
  replaceEventWaitHandles(factory: EventWaitHandleFactory<H>): boolean;
  /** Says the protocol's hello. False when called before, or in NULL state. */
  startSendOps(eventWait: EventWaitFunc<H>): boolean;
  /** Most bytes of one message; 0 in NULL state. */
  readonly maxSendSize: number;
  readonly queuedBytes: number;
  readonly sendCounters: SendCounters;
  sendBlob(blob: Uint8Array): boolean;
  /** A descriptor (null: none), which stays the caller's, and a blob (null: none): not neither. */
  sendNativeHandle(handle: NativeHandle | null, blob: Uint8Array | null): boolean;
  /** False when called before: sending is ended once. */
  endSending(): boolean;
  /**
   * endSending(), and tells when the kernel has it all: true when it has it now (the handler is dropped then), WOULD_BLOCK
   * when the handler will be called. False when sending was ended before.
   */
  asyncEndSending(handler: (error?: FlowIpcError) => void): boolean | WouldBlock;
  autoPing(periodMs?: number): boolean;
  /** Closes at once; no handler is called. The user has forgotten all waits before. */
  close(): void;
}

export class SyncIoSenderCore<H extends EventWaitHandle = EventWaitHandle> {
  readonly #pipe: SenderPipe;
  readonly #loop: EventWaitLoop<H>;

  /** `loop` is what drives `pipe`. */
  constructor(pipe: SenderPipe, loop: EventWaitLoop<H>) {
    this.#pipe = pipe;
    this.#loop = loop;
  }

  /** Whether operations may be called. */
  get #ready(): boolean {
    return this.#loop.started('snd') && !this.#pipe.closed;
  }

  start(eventWait: EventWaitFunc<H>): boolean {
    if (this.#pipe.closed || this.#pipe.maxSendSize === 0 || !this.#loop.start('snd', eventWait))
      return false;
    this.#pipe.startSend();
    return true;
  }

  send(blob: Uint8Array | null, handle: NativeHandle | null): boolean {
    if (!this.#ready) return false;
    this.#pipe.send(blob, handle ? handle.requireFd() : -1);
    return true;
  }

  endSending(): boolean {
    return this.#ready && this.#pipe.endSending();
  }

  asyncEndSending(handler: (error?: FlowIpcError) => void): boolean | WouldBlock {
    if (!this.endSending()) return false;
    const error = this.#pipe.sendError;
    if (error) throw error;
    if (this.#pipe.queuedBytes === 0) return true;
    this.#pipe.onceDrained((late) => {
      // Closing is not reported in this pattern.
      if (!this.#pipe.closed) handler(late);
    });
    return WOULD_BLOCK;
  }

  autoPing(periodMs?: number): boolean {
    return this.#ready && this.#pipe.autoPing(periodMs);
  }
}
