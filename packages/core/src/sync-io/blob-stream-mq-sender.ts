// Blob_stream_mq_sender in the sync_io pattern: the same state machine, driven by the user's event-wait function.
import { BlobStreamMqSender as AsyncBlobStreamMqSender } from '../mq/blob-stream-mq-sender.js';
import type { MqEnd } from '../mq/mq-end.js';
import type { PersistentMqHandle } from '../mq/persistent-mq-handle.js';
import type { SendCounters } from '../transport.js';
import type { FlowIpcError } from '../util/errors.js';
import type { NativeHandle } from '../util/native-handle.js';
import type { SharedName } from '../util/shared-name.js';
import {
  type EventWaitFunc,
  type EventWaitHandle,
  type EventWaitHandleFactory,
  EventWaitLoop,
} from './event-wait.js';
import { type SyncIoSender, SyncIoSenderCore } from './sender.js';
import type { TwinOptions } from './twin.js';
import type { WouldBlock } from './would-block.js';

/** The sending end of a stream over a message queue. */
export class BlobStreamMqSender<H extends EventWaitHandle = EventWaitHandle> implements SyncIoSender<H> {
  readonly #loop = new EventWaitLoop<H>();
  readonly #stream: AsyncBlobStreamMqSender;
  readonly #core: SyncIoSenderCore<H>;

  /** Takes the handle over, and throws, as the async form's does. */
  constructor(source: PersistentMqHandle | MqEnd, options: { nickname?: string } = {}) {
    this.#stream = new AsyncBlobStreamMqSender(source, { ...options, loop: this.#loop });
    this.#core = new SyncIoSenderCore(this.#stream, this.#loop);
  }

  get nickname(): string {
    return this.#stream.nickname;
  }

  get absoluteName(): SharedName {
    return this.#stream.absoluteName;
  }

  get closed(): boolean {
    return this.#stream.closed;
  }

  replaceEventWaitHandles(factory: EventWaitHandleFactory<H>): boolean {
    return this.#loop.replaceHandles(factory);
  }

  startSendOps(eventWait: EventWaitFunc<H>): boolean {
    return this.#core.start(eventWait);
  }

  get maxSendSize(): number {
    return this.#stream.maxSendSize;
  }

  get queuedBytes(): number {
    return this.#stream.queuedBytes;
  }

  get sendCounters(): SendCounters {
    return this.#stream.sendCounters;
  }

  sendBlob(blob: Uint8Array): boolean {
    return this.#core.send(blob, null);
  }

  /** A queue carries no descriptors: throws INVALID_ARGUMENT when there is one. */
  sendNativeHandle(handle: NativeHandle | null, blob: Uint8Array | null): boolean {
    return this.#core.send(blob, handle);
  }

  endSending(): boolean {
    return this.#core.endSending();
  }

  asyncEndSending(handler: (error?: FlowIpcError) => void): boolean | WouldBlock {
    return this.#core.asyncEndSending(handler);
  }

  autoPing(periodMs?: number): boolean {
    return this.#core.autoPing(periodMs);
  }

  /**
   * The async twin, driven by this thread's event loop or the one given; this object is closed then. Throws when it was
   * started.
   */
  asyncIoObj(options: TwinOptions = {}): AsyncBlobStreamMqSender {
    const { nickname } = this;
    if (this.#loop.started('snd')) throw new Error('Only a stream that was not started can be turned async');
    return new AsyncBlobStreamMqSender(this.#stream.release(), { ...options, nickname });
  }

  close(): void {
    this.#stream.close();
    this.#loop.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
