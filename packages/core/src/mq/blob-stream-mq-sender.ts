// Blob_stream_mq_sender: the sending end of a one-way stream of messages over a message queue (features 67-72).
import { MQ_SEND, READABLE, WRITABLE } from '@flow-ipc/native';
import type { EventLoop } from '../event-loop/event-loop.js';
import { LazyTimer } from '../event-loop/lazy-timer.js';
import { uvEventLoop } from '../event-loop/uv-event-loop.js';
import { DEFAULT_PING_PERIOD_MS, type SendCounters, type SenderPipe } from '../transport.js';
import { EAGAIN } from '../util/errno.js';
import { FlowIpcError, TransportError } from '../util/errors.js';
import { PROTOCOL_VERSION } from '../util/protocol-negotiator.js';
import type { SharedName } from '../util/shared-name.js';
import { CONTROL_MARK, controlWord, END_OF_SENDING, PING } from './control.js';
import { MqEnd } from './mq-end.js';
import { mqError } from './mq-errors.js';
import { MqSendQueue } from './mq-send-queue.js';
import { MqWatch } from './mq-watch.js';
import type { PersistentMqHandle } from './persistent-mq-handle.js';

export interface MqStreamOptions {
  /** Cosmetic: shows in logs. */
  nickname?: string;
  /** What drives it. @default this thread's event loop */
  loop?: EventLoop;
}

/**
 * Sends messages of 1 to maxMsgSize bytes to the one BlobStreamMqReceiver on the same queue. It never blocks: what the
 * queue has no room for waits here, see {@link queuedBytes}.
 *
 * A queue has one sender at most, in all processes; a mark in shared memory sees to that. The end that is closed first
 * removes the names of the queue and of both marks; the other end can go on with what is in the queue. There is no end
 * of file: that the peer has gone, only its idle timer can tell, or endSending().
 */
export class BlobStreamMqSender implements SenderPipe, Disposable {
  readonly nickname: string;
  readonly absoluteName: SharedName;
  readonly maxSendSize: number;
  readonly handlesEnabled = false;
  readonly #loop: EventLoop;
  readonly #watch: MqWatch;
  readonly #pending = new MqSendQueue();
  #end: MqEnd | undefined;
  #corked = 0;
  #closed = false;
  #started = false;
  #finished = false;
  #blocked = false;
  #error: FlowIpcError | undefined;
  #ping: LazyTimer | undefined;
  #waiters: ((error?: FlowIpcError) => void)[] = [];
  #messages = 0;
  #bytes = 0;
  #calls = 0;

  /**
   * Takes the handle over: it is closed then, also to its owner. When this throws, the handle is as it was:
   * MQ_SENDER_EXISTS; INVALID_ARGUMENT when messages of the queue are shorter than 8 bytes or its name is not absolute.
   */
  constructor(source: PersistentMqHandle | MqEnd, options: MqStreamOptions = {}) {
    const { nickname = '', loop = uvEventLoop } = options;
    const end = source instanceof MqEnd ? source : new MqEnd(source, 'Snd');
    this.nickname = nickname;
    this.absoluteName = end.absoluteName;
    this.maxSendSize = end.maxMsgSize;
    this.#loop = loop;
    this.#end = end;
    this.#watch = new MqWatch(end.queue, end.kind, MQ_SEND, loop);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get queuedBytes(): number {
    return this.#pending.bytes;
  }

  get sendError(): FlowIpcError | undefined {
    return this.#error;
  }

  get sendCounters(): SendCounters {
    return {
      messagesSent: this.#messages,
      bytesSent: this.#bytes,
      sendCalls: this.#calls,
      queuedBytes: this.#pending.bytes,
    };
  }

  startSend(): boolean {
    this.#checkClosed();
    if (this.#started || this.#error) return false;
    this.#started = true;
    this.#command(-PROTOCOL_VERSION);
    return true;
  }

  send(blob: Uint8Array | null, fd = -1): void {
    const length = blob?.length ?? 0;
    if (fd >= 0 || !blob || length === 0 || length > this.maxSendSize) {
      throw new FlowIpcError(
        TransportError.INVALID_ARGUMENT,
        fd >= 0
          ? 'A message queue carries no descriptors'
          : `A message on this queue is 1 to ${this.maxSendSize} bytes; this one has ${length}`,
      );
    }
    this.#checkClosed();
    if (this.#error) throw this.#error;
    if (this.#finished) {
      throw new FlowIpcError(TransportError.SENDS_FINISHED, 'Sending was ended by endSending()');
    }
    if (!this.#started) this.startSend();
    this.#emit(blob);
    if (this.#error) throw this.#error;
    this.#messages++;
    this.#ping?.touch();
  }

  /** A queue takes one message a call, so there is little to be won by gathering. */
  cork(): void {
    this.#corked++;
  }

  uncork(): void {
    if (--this.#corked === 0) this.flush();
  }

  flush(): void {
    while (!this.#pending.empty) {
      const code = this.#try(this.#pending.first);
      if (code === EAGAIN) {
        this.#waitForRoom();
        return;
      }
      if (code !== 0) return;
      this.#pending.shift();
    }
    this.#blocked = false;
    if (this.#waiters.length > 0) this.#tellWaiters();
  }

  endSending(): boolean {
    this.#checkClosed();
    if (this.#finished) return false;
    if (!this.#started) this.startSend();
    this.#finished = true;
    this.#ping?.stop();
    if (!this.#error) this.#command(END_OF_SENDING);
    return true;
  }

  drained(): Promise<void> {
    return new Promise((resolve, reject) => this.onceDrained((err) => (err ? reject(err) : resolve())));
  }

  onceDrained(callback: (error?: FlowIpcError) => void): void {
    this.#checkClosed();
    if (this.#error || this.#pending.empty) callback(this.#error);
    else this.#waiters.push(callback);
  }

  autoPing(periodMs = DEFAULT_PING_PERIOD_MS): boolean {
    this.#checkClosed();
    if (this.#ping || this.#finished) return false;
    this.#ping = new LazyTimer(this.#loop, 'snd', periodMs, () => this.#sendPing());
    this.startSend();
    this.#sendPing();
    if (!this.#error) this.#ping.start({ essential: true });
    return true;
  }

  get pollFd(): number {
    return this.#end ? this.#watch.fd : -1;
  }

  beforePoll(): number {
    this.#checkClosed();
    this.flush();
    if (!this.#blocked) return 0;
    return this.#watch.direction === 'snd' ? WRITABLE : READABLE;
  }

  afterPoll(ready: number): void {
    if (ready !== 0) this.#onRoom();
  }

  untilDue(): number {
    return Number.POSITIVE_INFINITY;
  }

  ref(): void {
    this.#watch.ref();
  }

  unref(): void {
    this.#watch.unref();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fail(closedError());
  }

  /** Hands the queue and the mark of a stream that was not started over; this object is closed then. */
  release(): MqEnd {
    this.#checkClosed();
    const end = this.#end;
    if (!end || this.#started) throw new Error('Only a stream that was not started can be released');
    this.#watch.close();
    this.#end = undefined;
    this.#closed = true;
    return end;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  toString(): string {
    return `BlobStreamMqSender[${this.nickname}]@${this.absoluteName}`;
  }

  /** A ping that does not get into the queue at once is dropped: what is there is a sign of life by itself. */
  #sendPing(): void {
    if (this.#error || !this.#pending.empty) return;
    if (this.#try(CONTROL_MARK) === 0) this.#emit(controlWord(PING));
  }

  #command(value: number): void {
    this.#emit(CONTROL_MARK);
    if (!this.#error) this.#emit(controlWord(value));
  }

  /** Into the queue now, or behind what waits. */
  #emit(message: Uint8Array): void {
    const direct = this.#pending.empty && this.#corked === 0;
    if (direct && this.#try(message) !== EAGAIN) return;
    this.#pending.push(message.slice());
    if (direct) this.#waitForRoom();
  }

  /** One attempt: 0, EAGAIN, or a code that has ended sending. */
  #try(message: Uint8Array): number {
    const { queue } = this.#end!;
    this.#calls++;
    const code = queue.trySend(message, 0, message.length);
    if (code === 0) this.#bytes += message.length;
    else if (code !== EAGAIN) this.#fail(mqError(code, queue.name, 'Cannot send'));
    return code;
  }

  #waitForRoom(): void {
    this.#blocked = true;
    try {
      this.#watch.wait(this.#onRoom);
    } catch (err) {
      this.#fail(err as FlowIpcError);
    }
  }

  readonly #onRoom = (): void => {
    this.#blocked = false;
    this.flush();
  };

  #tellWaiters(error?: FlowIpcError): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter(error);
  }

  /** This direction is over, and with it the queue's name, as if this end had been closed. */
  #fail(error: FlowIpcError): void {
    this.#error ??= error;
    const end = this.#end;
    if (!end) return;
    this.#end = undefined;
    this.#ping?.stop();
    this.#pending.clear();
    this.#blocked = false;
    this.#watch.close();
    end.close();
    this.#tellWaiters(error);
  }

  #checkClosed(): void {
    if (this.#closed) throw closedError();
  }
}

const closedError = () => new FlowIpcError(TransportError.CLOSED, 'The stream was closed');
