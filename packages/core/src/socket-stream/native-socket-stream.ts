// Native_socket_stream: a Unix stream socket that keeps message boundaries and passes descriptors (section D).
import {
  closeFd,
  connectAbstract,
  disownFd,
  ownFd,
  peerCredentials,
  pollFd,
  READABLE,
  socketPair,
  startPinging,
  stopPinging,
  WRITABLE,
} from '@flow-ipc/native';
import { streamClose, streamEnd, streamOpen } from '../diagnostics.js';
import type { EventLoop, FdWatch } from '../event-loop/event-loop.js';
import { LazyTimer } from '../event-loop/lazy-timer.js';
import { endTurn } from '../event-loop/turn.js';
import { uvEventLoop } from '../event-loop/uv-event-loop.js';
import {
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_PING_PERIOD_MS,
  type FrameSink,
  type ReceiveCounters,
  type ReceiverPipe,
  type SendCounters,
  type SenderPipe,
} from '../transport.js';
import { FlowIpcError, fromNative, TransportError } from '../util/errors.js';
import type { ProcessCredentials } from '../util/process-credentials.js';
import type { SharedName } from '../util/shared-name.js';
import { DescriptorReserve } from './descriptor-reserve.js';
import { MAX_BLOB_SIZE, PING } from './frame.js';
import { FrameReceiver } from './frame-receiver.js';
import { FrameSender } from './frame-sender.js';

/** Counters of both directions, and of what it took to keep them going. */
export interface StreamCounters extends SendCounters, ReceiveCounters {
  /** Calls from JavaScript into C++ and back: system calls, changes of what is watched, readiness callbacks. */
  crossings: number;
}

export interface StreamOptions {
  /** Cosmetic: shows in logs. */
  nickname?: string;
  /** What drives it. @default this thread's event loop */
  loop?: EventLoop;
}

/** What a stream in NULL state has counted. */
const NOTHING_SENT: SendCounters = { messagesSent: 0, bytesSent: 0, sendCalls: 0, queuedBytes: 0 };

/**
 * One end of a connection: the sender and the receiver of one pipe that takes descriptors. Owns its socket.
 *
 * In NULL state until it is connected, then in PEER state for good. Nothing happens until startSend() (or the
 * first send) and startReceive(): the state machine is driven by the EventLoop given or, while a caller blocks,
 * by waitReadable().
 */
export class NativeSocketStream implements SenderPipe, ReceiverPipe {
  readonly nickname: string;
  readonly handlesEnabled = true;
  readonly underflowAllowed = true;
  readonly #loop: EventLoop;
  #fd = -1;
  #closed = false;
  #peer: ProcessCredentials | undefined;
  #sender: FrameSender | undefined;
  #receiver: FrameReceiver | undefined;
  /** What ended receiving before it was started. */
  #earlyEnd: FlowIpcError | undefined;
  #watch: FdWatch | undefined;
  #unref = false;
  #reserve: DescriptorReserve | undefined;
  #ping: LazyTimer | undefined;
  #idle: LazyTimer | undefined;

  /** A stream in NULL state, to be connected with {@link syncConnect}. */
  constructor(options?: StreamOptions);
  /** Adopts a connected socket: the descriptor is this object's from here on (closed also if this throws). */
  constructor(fd: number, options?: StreamOptions);
  constructor(first: number | StreamOptions = {}, second: StreamOptions = {}) {
    const { nickname = '', loop = uvEventLoop } = typeof first === 'number' ? second : first;
    this.nickname = nickname;
    this.#loop = loop;
    if (typeof first === 'number') this.#adopt(first);
  }

  /** A connected stream. Throws what {@link syncConnect} throws. */
  static connect(name: SharedName | string, options: StreamOptions = {}): NativeSocketStream {
    const stream = new NativeSocketStream(options);
    stream.syncConnect(name);
    return stream;
  }

  /** Two connected descriptors; the caller owns both. */
  static pair(): [number, number] {
    try {
      return socketPair();
    } catch (err) {
      throw fromNative(err, 'Cannot make a socket pair');
    }
  }

  /**
   * Connects to a listener in the abstract namespace, at once or not at all. False when connected already. A failure
   * leaves the NULL state, so one may try again: FlowIpcError SYSTEM with `errno`: ECONNREFUSED nobody listens, EAGAIN
   * its backlog is full, ENAMETOOLONG more than 107 bytes.
   */
  syncConnect(name: SharedName | string): boolean {
    if (this.#closed) throw closedError();
    if (this.#sender) return false;
    let fd: number;
    try {
      fd = connectAbstract(String(name));
    } catch (err) {
      throw fromNative(err, `Cannot connect to ${name}`);
    }
    this.#adopt(fd);
    return true;
  }

  /**
   * Keeps one descriptor in reserve, so that a message with a descriptor arrives, without it, even when the process
   * has no more left. To be called before receiving starts; for streams of few messages.
   */
  reserveDescriptor(): void {
    this.#reserve ??= new DescriptorReserve();
  }

  /** False in NULL state. Once connected, true for good. */
  get isPeer(): boolean {
    return this.#sender !== undefined;
  }

  /**
   * Credentials of the peer as the kernel noted them at connect time. For a half of a socket pair that is the
   * process which made the pair; who knows better sets them (the session layer does).
   */
  get remotePeerProcessCredentials(): ProcessCredentials {
    if (!this.#peer) throw notConnectedError();
    return this.#peer;
  }

  set remotePeerProcessCredentials(peer: ProcessCredentials) {
    if (!this.#peer) throw notConnectedError();
    this.#peer = peer;
  }

  get closed(): boolean {
    return this.#closed;
  }

  // Sending.

  get maxSendSize(): number {
    return this.#sender ? MAX_BLOB_SIZE : 0;
  }

  get queuedBytes(): number {
    return this.#sender?.queuedBytes ?? 0;
  }

  get sendError(): FlowIpcError | undefined {
    return this.#sender?.error;
  }

  get sendCounters(): SendCounters {
    const s = this.#sender;
    if (!s) return { ...NOTHING_SENT };
    return {
      messagesSent: s.messages,
      bytesSent: s.bytesSent,
      sendCalls: s.systemCalls,
      queuedBytes: s.queuedBytes,
    };
  }

  startSend(): boolean {
    return this.#connectedSender().start();
  }

  send(blob: Uint8Array | null, fd = -1): void {
    (this.#sender ?? this.#connectedSender()).send(blob, fd);
  }

  cork(): void {
    this.#connectedSender().cork();
  }

  uncork(): void {
    this.#connectedSender().uncork();
  }

  flush(): void {
    this.#sender?.flush();
  }

  endSending(): boolean {
    this.#stopPings();
    return this.#connectedSender().endSending();
  }

  drained(): Promise<void> {
    return new Promise((resolve, reject) => this.onceDrained((err) => (err ? reject(err) : resolve())));
  }

  onceDrained(callback: (error?: FlowIpcError) => void): void {
    this.#connectedSender().onceDrained(callback);
  }

  autoPing(periodMs = DEFAULT_PING_PERIOD_MS): boolean {
    const sender = this.#connectedSender();
    if (this.#ping || sender.finished) return false;
    sender.start();
    const ping = new LazyTimer(this.#loop, 'snd', periodMs, () => sender.ping());
    this.#ping = ping;
    sender.onSent = () => ping.touch();
    // For when this thread is too busy for timers; else it is never heard of.
    startPinging(this.#fd, periodMs, PING);
    sender.ping();
    if (sender.error) this.#stopPings();
    else ping.start({ essential: true });
    return true;
  }

  // Receiving.

  get maxReceiveSize(): number {
    return this.#sender ? MAX_BLOB_SIZE : 0;
  }

  get receiveError(): FlowIpcError | undefined {
    return this.#receiver?.error ?? this.#earlyEnd;
  }

  get receiveCounters(): ReceiveCounters {
    const r = this.#receiver;
    return {
      messagesReceived: r?.messages ?? 0,
      bytesReceived: r?.bytes ?? 0,
      receiveCalls: r?.systemCalls ?? 0,
    };
  }

  startReceive(sink: FrameSink, paused = false): boolean {
    this.#connectedSender();
    if (this.#receiver) return false;
    this.#receiver = new FrameReceiver(this.#fd, sink, {
      watch: () => this.#watched(),
      onActivity: () => this.#idle?.touch(),
      reserve: this.#reserve,
      onReceiveFailed: (error) => this.#onReceiveFailed(error),
      onReceiveEnd: (error) => this.#traceEnd('rcv', error),
    });
    if (this.#earlyEnd) this.#receiver.fail(this.#earlyEnd);
    else if (!paused) this.#receiver.start();
    return true;
  }

  pauseReceive(): void {
    this.#receiver?.pause();
  }

  resumeReceive(): void {
    this.#receiver?.resume();
  }

  resumeReceiveNow(): void {
    this.#receiver?.resumeNow();
  }

  failReceive(error: FlowIpcError): void {
    this.#idle?.stop();
    if (this.#receiver) this.#receiver.fail(error);
    else this.#earlyEnd ??= error;
  }

  idleTimerRun(timeoutMs = DEFAULT_IDLE_TIMEOUT_MS): boolean {
    this.#connectedSender();
    if (this.#idle) return false;
    if (this.receiveError) return true;
    this.#idle = new LazyTimer(this.#loop, 'rcv', timeoutMs, () => this.#onIdle(timeoutMs));
    this.#idle.start();
    return true;
  }

  // Blocking.

  get pollFd(): number {
    return this.#fd;
  }

  beforePoll(): number {
    const sender = this.#sender ?? this.#connectedSender();
    sender.flush();
    // A handler that blocks may itself have come by a read that brought more: no poll would tell of that.
    if (this.#receiver?.drainBuffered()) return -1;
    return (this.#receiver?.running ? READABLE : 0) | (sender.blocked ? WRITABLE : 0);
  }

  afterPoll(ready: number): void {
    if (ready & WRITABLE) this.#sender?.flush();
    if (ready & READABLE) this.#receiver?.drain();
    this.#idle?.expireIfDue();
  }

  untilDue(): number {
    return this.#idle?.remaining ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Blocks this thread until the peer sent something (which is then handed to the sink), queued bytes could
   * leave, or `timeoutMs` (Infinity: no limit) passed: see waitForPipes(). What must not stop meanwhile (pings) is seen
   * to by the caller.
   */
  waitReadable(timeoutMs: number): void {
    const queued = this.queuedBytes;
    endTurn();
    const events = this.beforePoll();
    if (events < 0) return;
    const left = queued > 0 && this.queuedBytes === 0;
    const limit = left ? 0 : Math.min(timeoutMs, this.untilDue());
    const ms = limit === Number.POSITIVE_INFINITY ? -1 : Math.max(0, limit);
    if (events !== READABLE || this.#reserve) {
      this.afterPoll(Math.max(0, pollFd(this.#fd, events, ms)));
      return;
    }
    // The common case: waiting and reading in one call.
    this.#receiver!.drainWaiting(ms);
    this.#idle?.expireIfDue();
  }

  ref(): void {
    this.#unref = false;
    this.#watch?.ref();
  }

  unref(): void {
    this.#unref = true;
    this.#watch?.unref();
  }

  get counters(): StreamCounters {
    const sent = this.sendCounters;
    const received = this.receiveCounters;
    const crossings = sent.sendCalls + received.receiveCalls + (this.#watch?.crossings ?? 0);
    return { ...sent, ...received, crossings };
  }

  close(): void {
    if (this.#closed) return;
    if (this.#sender) {
      streamClose(
        () => ({ stream: this, counters: this.counters }),
        () => `${this} ${JSON.stringify(this.counters)}`,
      );
    }
    this.#closed = true;
    this.#stopTimers();
    this.#sender?.stop(closedError());
    this.#receiver?.stop();
    this.#reserve?.close();
    this.#watch?.close();
    if (this.#fd >= 0) {
      disownFd(this.#fd);
      closeFd(this.#fd);
    }
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Hands the descriptor of a stream that was not started to the caller; this object is closed then. */
  release(): number {
    const sender = this.#connectedSender();
    if (sender.started || this.#receiver) throw new Error('A stream that was started cannot be released');
    const fd = this.#fd;
    disownFd(fd);
    this.#fd = -1;
    this.close();
    return fd;
  }

  toString(): string {
    return `NativeSocketStream[${this.nickname}]@${this.#fd < 0 ? 'none' : this.#fd}`;
  }

  #adopt(fd: number): void {
    try {
      this.#peer = peerCredentials(fd);
    } catch (err) {
      closeFd(fd);
      throw fromNative(err, 'Cannot adopt the socket');
    }
    // Closed also when this thread is terminated, or the peer would never know.
    ownFd(fd);
    this.#fd = fd;
    this.#sender = new FrameSender(fd, {
      watch: () => this.#watched(),
      endOfTurn: this.#loop.endOfTurn,
      onSendFailed: (error) => this.#onSendFailed(error),
    });
    const peer = this.#peer;
    streamOpen(
      () => ({ stream: this, peer }),
      () => `${this}, peer is process ${peer.pid}`,
    );
  }

  #connectedSender(): FrameSender {
    if (this.#closed) throw closedError();
    if (!this.#sender) throw notConnectedError();
    return this.#sender;
  }

  #watched(): FdWatch {
    if (this.#watch) return this.#watch;
    this.#watch = this.#loop.watch(this.#fd);
    if (this.#unref) this.#watch.unref();
    return this.#watch;
  }

  #traceEnd(direction: 'rcv' | 'snd', error: FlowIpcError): void {
    streamEnd(
      () => ({ stream: this, direction, error }),
      () => `${this} ${direction} ${error.code}: ${error.message}`,
    );
  }

  #stopTimers(): void {
    this.#stopPings();
    this.#idle?.stop();
  }

  #stopPings(): void {
    if (!this.#ping) return;
    this.#ping.stop();
    if (this.#fd >= 0) stopPinging(this.#fd);
  }

  #onIdle(timeoutMs: number): void {
    // This thread may have been too busy to read: what waits in the socket counts as heard in time.
    if (pollFd(this.#fd, READABLE, 0) > 0) {
      this.#receiver?.drain();
      return;
    }
    this.failReceive(
      new FlowIpcError(
        TransportError.IDLE_TIMEOUT,
        `Nothing came from the peer for ${timeoutMs} ms, not even a ping`,
      ),
    );
  }

  /** The connection is gone (feature 52). What is queued cannot leave any more. */
  #onReceiveFailed(cause: FlowIpcError): void {
    this.#stopTimers();
    const error = new FlowIpcError(
      TransportError.HOSED_CANNOT_SEND,
      `Sending cannot go on: ${cause.message}`,
      { cause },
    );
    if (this.#sender?.error) return;
    this.#sender?.stop(error);
    this.#traceEnd('snd', error);
  }

  /**
   * A system error on one side hoses the other (feature 52), but what the peer had sent before it went is
   * delivered first; most often its end of file is found then, which says more than "hosed".
   */
  #onSendFailed(cause: FlowIpcError): void {
    this.#stopPings();
    this.#traceEnd('snd', cause);
    const settle = () => {
      if (this.#closed) return;
      this.#receiver?.drain();
      this.failReceive(
        new FlowIpcError(TransportError.HOSED_CANNOT_RECEIVE, `Receiving cannot go on: ${cause.message}`, {
          cause,
        }),
      );
    };
    if (this.#loop.endOfTurn) this.#loop.endOfTurn(settle);
    else this.#loop.timer(settle, 'rcv').start(0);
  }
}

const closedError = () => new FlowIpcError(TransportError.CLOSED, 'The stream was closed');
const notConnectedError = () =>
  new FlowIpcError(TransportError.NOT_CONNECTED, 'The stream is not connected yet');
