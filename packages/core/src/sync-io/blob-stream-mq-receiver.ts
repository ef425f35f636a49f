// Blob_stream_mq_receiver in the sync_io pattern: the same state machine, driven by the user's event-wait function.
import { BlobStreamMqReceiver as AsyncBlobStreamMqReceiver } from '../mq/blob-stream-mq-receiver.js';
import type { MqEnd } from '../mq/mq-end.js';
import type { PersistentMqHandle } from '../mq/persistent-mq-handle.js';
import type { ReceiveCounters } from '../transport.js';
import type { FlowIpcError } from '../util/errors.js';
import type { SharedName } from '../util/shared-name.js';
import {
  type EventWaitFunc,
  type EventWaitHandle,
  type EventWaitHandleFactory,
  EventWaitLoop,
} from './event-wait.js';
import { type Received, type SyncIoReceiver, SyncIoReceiverCore } from './receiver.js';
import type { TwinOptions } from './twin.js';
import type { WouldBlock } from './would-block.js';

/** The receiving end of a stream over a message queue. */
export class BlobStreamMqReceiver<H extends EventWaitHandle = EventWaitHandle> implements SyncIoReceiver<H> {
  readonly #loop = new EventWaitLoop<H>();
  readonly #stream: AsyncBlobStreamMqReceiver;
  readonly #core: SyncIoReceiverCore<H>;

  /** Takes the handle over, and throws, as the async form's does. */
  constructor(source: PersistentMqHandle | MqEnd, options: { nickname?: string } = {}) {
    this.#stream = new AsyncBlobStreamMqReceiver(source, { ...options, loop: this.#loop });
    this.#core = new SyncIoReceiverCore(this.#stream, this.#loop);
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

  startReceiveOps(eventWait: EventWaitFunc<H>): boolean {
    return this.#core.start(eventWait);
  }

  get maxReceiveSize(): number {
    return this.#stream.maxReceiveSize;
  }

  get receiveCounters(): ReceiveCounters {
    return this.#stream.receiveCounters;
  }

  asyncReceiveBlob(
    target: Uint8Array,
    handler: (error: FlowIpcError | undefined, size: number) => void,
  ): number | WouldBlock | false {
    return this.#core.receiveBlob(target, handler);
  }

  /** Messages of a queue never have a descriptor. */
  asyncReceiveNativeHandle(
    target: Uint8Array,
    handler: (error: FlowIpcError | undefined, received: Received) => void,
  ): Received | WouldBlock | false {
    return this.#core.receive(target, false, handler);
  }

  idleTimerRun(timeoutMs?: number): boolean {
    return this.#core.idleTimerRun(timeoutMs);
  }

  /**
   * The async twin, driven by this thread's event loop or the one given; this object is closed then. Throws when it was
   * started.
   */
  asyncIoObj(options: TwinOptions = {}): AsyncBlobStreamMqReceiver {
    const { nickname } = this;
    if (this.#loop.started('rcv')) throw new Error('Only a stream that was not started can be turned async');
    return new AsyncBlobStreamMqReceiver(this.#stream.release(), { ...options, nickname });
  }

  close(): void {
    this.#core.close();
    this.#stream.close();
    this.#loop.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
