// Blob_stream_mq_receiver: the receiving end of a one-way stream of messages over a message queue (features 67-72).
import { MQ_RECEIVE, READABLE } from '@flow-ipc/native';
import type { EventLoop } from '../event-loop/event-loop.js';
import { LazyTimer } from '../event-loop/lazy-timer.js';
import { uvEventLoop } from '../event-loop/uv-event-loop.js';
import {
  acquireReceiveBuffer,
  RECEIVE_BUFFER_SIZE,
  ReceiveBuffer,
  releaseReceiveBuffer,
} from '../socket-stream/receive-buffer.js';
import {
  DEFAULT_IDLE_TIMEOUT_MS,
  type FrameSink,
  type ReceiveCounters,
  type ReceiverPipe,
} from '../transport.js';
import { EAGAIN } from '../util/errno.js';
import { FlowIpcError, TransportError } from '../util/errors.js';
import { negotiate } from '../util/protocol-negotiator.js';
import type { SharedName } from '../util/shared-name.js';
import type { MqStreamOptions } from './blob-stream-mq-sender.js';
import { CONTROL_SIZE, END_OF_SENDING, PING } from './control.js';
import { MqEnd } from './mq-end.js';
import { mqError } from './mq-errors.js';
import { MqWatch } from './mq-watch.js';
import type { PersistentMqHandle } from './persistent-mq-handle.js';

/** Messages handed out in one turn: a sender as fast as we are must not keep the event loop from all else. */
const MAX_PER_TURN = 64;
/** Of so many single messages from a POSIX queue, one is followed by a look whether there is another. */
const PROBE_EVERY = 8;

/**
 * Receives what the one BlobStreamMqSender on the same queue sends. See there for marks and names. A target of
 * receiveInto() must have room for the longest message, {@link maxReceiveSize} bytes.
 *
 * There is no end of file: use idleTimerRun() here and autoPing() there, or a peer that died is never noticed.
 */
export class BlobStreamMqReceiver implements ReceiverPipe, Disposable {
  readonly nickname: string;
  readonly absoluteName: SharedName;
  readonly maxReceiveSize: number;
  readonly underflowAllowed = false;
  readonly #loop: EventLoop;
  readonly #watch: MqWatch;
  /** A look at an empty POSIX queue is a system call for nothing. */
  readonly #looksCost: boolean;
  readonly #end: MqEnd;
  #sink: FrameSink | undefined;
  #state: 'idle' | 'running' | 'paused' | 'ended' = 'idle';
  #closed = false;
  #versionKnown = false;
  #inControl = false;
  #error: FlowIpcError | undefined;
  #idle: LazyTimer | undefined;
  #burst = false;
  #singles = 0;
  readonly #fitsCommonBuffer: boolean;
  #ownBuffer: ReceiveBuffer | undefined;
  #messages = 0;
  #bytes = 0;
  #calls = 0;

  /** As BlobStreamMqSender's; MQ_RECEIVER_EXISTS. */
  constructor(source: PersistentMqHandle | MqEnd, options: MqStreamOptions = {}) {
    const { nickname = '', loop = uvEventLoop } = options;
    const end = source instanceof MqEnd ? source : new MqEnd(source, 'Rcv');
    this.nickname = nickname;
    this.absoluteName = end.absoluteName;
    this.maxReceiveSize = end.maxMsgSize;
    this.#loop = loop;
    this.#looksCost = end.kind === 'posix';
    this.#fitsCommonBuffer = end.maxMsgSize <= RECEIVE_BUFFER_SIZE;
    this.#end = end;
    this.#watch = new MqWatch(end.queue, end.kind, MQ_RECEIVE, loop);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get receiveError(): FlowIpcError | undefined {
    return this.#error;
  }

  get receiveCounters(): ReceiveCounters {
    return { messagesReceived: this.#messages, bytesReceived: this.#bytes, receiveCalls: this.#calls };
  }

  startReceive(sink: FrameSink, paused = false): boolean {
    this.#checkClosed();
    if (this.#sink) return false;
    this.#sink = sink;
    if (this.#error) {
      sink.onEnd(this.#error);
      return true;
    }
    this.#state = paused ? 'paused' : 'running';
    this.#wait();
    return true;
  }

  pauseReceive(): void {
    if (this.#state === 'running') this.#state = 'paused';
  }

  resumeReceive(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    queueMicrotask(this.#goOn);
  }

  resumeReceiveNow(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    this.#goOn();
  }

  failReceive(error: FlowIpcError): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#error = error;
    this.#idle?.stop();
    this.#sink?.onEnd(error);
  }

  idleTimerRun(timeoutMs = DEFAULT_IDLE_TIMEOUT_MS): boolean {
    this.#checkClosed();
    if (this.#idle) return false;
    this.#idle = new LazyTimer(this.#loop, 'rcv', timeoutMs, () => this.#onIdle(timeoutMs));
    if (this.#state !== 'ended') this.#idle.start();
    return true;
  }

  get pollFd(): number {
    return this.#closed ? -1 : this.#watch.fd;
  }

  beforePoll(): number {
    this.#checkClosed();
    if (this.#state !== 'running') return 0;
    this.#watch.arm();
    return READABLE;
  }

  afterPoll(ready: number): void {
    if (ready !== 0) this.#drain(this.#looksCost);
    this.#idle?.expireIfDue();
  }

  untilDue(): number {
    return this.#idle?.remaining ?? Number.POSITIVE_INFINITY;
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
    this.#state = 'ended';
    this.#error ??= closedError();
    this.#idle?.stop();
    this.#watch.close();
    this.#end.close();
  }

  /** Hands the queue and the mark of a stream that was not started over; this object is closed then. */
  release(): MqEnd {
    this.#checkClosed();
    if (this.#sink) throw new Error('Only a stream that was not started can be released');
    this.#idle?.stop();
    this.#watch.close();
    this.#state = 'ended';
    this.#closed = true;
    return this.#end;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  toString(): string {
    return `BlobStreamMqReceiver[${this.nickname}]@${this.absoluteName}`;
  }

  readonly #goOn = (): void => {
    this.#drain(false);
    this.#wait();
  };

  readonly #onReadable = (): void => {
    this.#drain(this.#looksCost);
    this.#wait();
  };

  #wait(): void {
    if (this.#state !== 'running') return;
    try {
      this.#watch.wait(this.#onReadable);
    } catch (err) {
      this.failReceive(err as FlowIpcError);
    }
  }

  /**
   * Hands out what is there. To look into an empty Boost queue costs no system call. A POSIX queue's descriptor stays ready
   * while there is more: with `oneWillDo`, after one message the loop is asked first, unless messages come in bursts,
   * when another attempt is likely to succeed.
   */
  #drain(oneWillDo: boolean): void {
    const before = this.#messages;
    for (let count = 1; this.#state === 'running' && count <= MAX_PER_TURN; count++) {
      if (!this.#receiveOne()) {
        this.#burst = this.#messages - before > 1;
        this.#singles = 0;
        return;
      }
      const handedOut = this.#messages - before;
      if (handedOut > 1) this.#burst = true;
      else if (handedOut === 1 && oneWillDo && !this.#burst && ++this.#singles < PROBE_EVERY) return;
    }
  }

  /** One message of the queue; false when there is none, or receiving has ended. */
  #receiveOne(): boolean {
    const buffer = this.#acquire();
    this.#calls++;
    const n = this.#end.queue.tryReceive(buffer.bytes, 0, buffer.bytes.length);
    if (n >= 0) {
      this.#bytes += n;
      this.#take(buffer, n);
    } else if (n !== EAGAIN) {
      this.failReceive(mqError(n, this.#end.queue.name, 'Cannot receive'));
    }
    this.#release(buffer);
    return n >= 0;
  }

  #take(buffer: ReceiveBuffer, length: number): void {
    if (this.#inControl) {
      this.#inControl = false;
      this.#takeControl(length === CONTROL_SIZE ? buffer.view.getBigInt64(0, true) : undefined);
    } else if (length === 0) {
      this.#inControl = true;
    } else if (!this.#versionKnown) {
      this.#negotiate(-1);
    } else {
      this.#messages++;
      this.#idle?.touch();
      this.#sink?.onMessage(buffer, 0, length, -1, false);
    }
  }

  #takeControl(word: bigint | undefined): void {
    if (word !== undefined && !this.#versionKnown) {
      // The peer's version is told as its negative.
      this.#negotiate(-Number(word));
    } else if (word === BigInt(END_OF_SENDING)) {
      this.failReceive(new FlowIpcError(TransportError.RECEIVES_FINISHED, 'The peer ended its sending'));
    } else if (word === BigInt(PING)) {
      this.#idle?.touch();
    } else {
      this.failReceive(
        new FlowIpcError(
          TransportError.MQ_BAD_CONTROL,
          word === undefined
            ? 'The peer sent a control message of a wrong size'
            : `The peer sent an unknown control word, ${word}`,
        ),
      );
    }
  }

  #negotiate(version: number): void {
    try {
      negotiate(version, 'Message queue stream');
      this.#versionKnown = true;
    } catch (err) {
      this.failReceive(err as FlowIpcError);
    }
  }

  #onIdle(timeoutMs: number): void {
    // This thread may have been too busy to read: what waits in the queue counts as heard in time.
    if (this.#end.queue.ready(MQ_RECEIVE) === 1) {
      if (this.#state === 'running') this.#goOn();
      return;
    }
    this.failReceive(
      new FlowIpcError(
        TransportError.IDLE_TIMEOUT,
        `Nothing came from the peer for ${timeoutMs} ms, not even a ping`,
      ),
    );
  }

  /** A handler may receive in the midst of its message: each level of that has a buffer of its own. */
  #acquire(): ReceiveBuffer {
    if (this.#fitsCommonBuffer) return acquireReceiveBuffer();
    const buffer = this.#ownBuffer ?? new ReceiveBuffer(this.maxReceiveSize);
    this.#ownBuffer = undefined;
    return buffer;
  }

  #release(buffer: ReceiveBuffer): void {
    if (this.#fitsCommonBuffer) releaseReceiveBuffer(buffer);
    else this.#ownBuffer = buffer;
  }

  #checkClosed(): void {
    if (this.#closed) throw closedError();
  }
}

const closedError = () => new FlowIpcError(TransportError.CLOSED, 'The stream was closed');
