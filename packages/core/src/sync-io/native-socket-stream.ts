// Native_socket_stream in the sync_io pattern: the same state machine, driven by the user's event-wait functions.
import type { EventLoop } from '../event-loop/event-loop.js';
import {
  NativeSocketStream as AsyncNativeSocketStream,
  type StreamCounters,
} from '../socket-stream/native-socket-stream.js';
import type { ReceiveCounters, SendCounters } from '../transport.js';
import type { FlowIpcError } from '../util/errors.js';
import type { NativeHandle } from '../util/native-handle.js';
import type { ProcessCredentials } from '../util/process-credentials.js';
import type { SharedName } from '../util/shared-name.js';
import {
  type EventWaitFunc,
  type EventWaitHandle,
  type EventWaitHandleFactory,
  EventWaitLoop,
} from './event-wait.js';
import { type Received, type SyncIoReceiver, SyncIoReceiverCore } from './receiver.js';
import { type SyncIoSender, SyncIoSenderCore } from './sender.js';
import type { WouldBlock } from './would-block.js';

/** Both ends of a connection's one pipe. Sending and receiving are independent of each other. */
export class NativeSocketStream<H extends EventWaitHandle = EventWaitHandle>
  implements SyncIoSender<H>, SyncIoReceiver<H>
{
  readonly #loop = new EventWaitLoop<H>();
  readonly #stream: AsyncNativeSocketStream;
  readonly #sender: SyncIoSenderCore<H>;
  readonly #receiver: SyncIoReceiverCore<H>;

  /** A stream in NULL state, to be connected with {@link syncConnect}. */
  constructor(options?: { nickname?: string });
  /** Adopts a connected socket: the descriptor is this object's from here on (closed also if this throws). */
  constructor(fd: number, options?: { nickname?: string });
  constructor(first: number | { nickname?: string } = {}, second: { nickname?: string } = {}) {
    const loop = this.#loop;
    this.#stream =
      typeof first === 'number'
        ? new AsyncNativeSocketStream(first, { ...second, loop })
        : new AsyncNativeSocketStream({ ...first, loop });
    this.#sender = new SyncIoSenderCore(this.#stream, loop);
    this.#receiver = new SyncIoReceiverCore(this.#stream, loop);
  }

  get nickname(): string {
    return this.#stream.nickname;
  }

  get isPeer(): boolean {
    return this.#stream.isPeer;
  }

  get closed(): boolean {
    return this.#stream.closed;
  }

  get counters(): StreamCounters {
    return this.#stream.counters;
  }

  get remotePeerProcessCredentials(): ProcessCredentials {
    return this.#stream.remotePeerProcessCredentials;
  }

  set remotePeerProcessCredentials(peer: ProcessCredentials) {
    this.#stream.remotePeerProcessCredentials = peer;
  }

  /** As in the async form: connects at once or throws and stays in NULL state; false in PEER state. */
  syncConnect(name: SharedName | string): boolean {
    return this.#stream.syncConnect(name);
  }

  replaceEventWaitHandles(factory: EventWaitHandleFactory<H>): boolean {
    return this.#loop.replaceHandles(factory);
  }

  startSendOps(eventWait: EventWaitFunc<H>): boolean {
    return this.#sender.start(eventWait);
  }

  startReceiveOps(eventWait: EventWaitFunc<H>): boolean {
    return this.#receiver.start(eventWait);
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
    return this.#sender.send(blob, null);
  }

  sendNativeHandle(handle: NativeHandle | null, blob: Uint8Array | null): boolean {
    return this.#sender.send(blob, handle);
  }

  endSending(): boolean {
    return this.#sender.endSending();
  }

  asyncEndSending(handler: (error?: FlowIpcError) => void): boolean | WouldBlock {
    return this.#sender.asyncEndSending(handler);
  }

  autoPing(periodMs?: number): boolean {
    return this.#sender.autoPing(periodMs);
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
    return this.#receiver.receiveBlob(target, handler);
  }

  asyncReceiveNativeHandle(
    target: Uint8Array,
    handler: (error: FlowIpcError | undefined, received: Received) => void,
  ): Received | WouldBlock | false {
    return this.#receiver.receive(target, false, handler);
  }

  idleTimerRun(timeoutMs?: number): boolean {
    return this.#receiver.idleTimerRun(timeoutMs);
  }

  /**
   * The async twin, driven by this thread's event loop unless told: takes the connection over, and this object is closed
   * then. Throws when anything was started, NOT_CONNECTED in NULL state.
   */
  asyncIoObj(options: { loop?: EventLoop } = {}): AsyncNativeSocketStream {
    const { nickname } = this;
    const peer = this.#stream.remotePeerProcessCredentials;
    if (this.#loop.started('rcv') || this.#loop.started('snd'))
      throw new Error('Only a stream that was not started can be turned into its async form');
    const twin = new AsyncNativeSocketStream(this.#stream.release(), { ...options, nickname });
    twin.remotePeerProcessCredentials = peer;
    this.close();
    return twin;
  }

  close(): void {
    this.#receiver.close();
    this.#stream.close();
    this.#loop.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
