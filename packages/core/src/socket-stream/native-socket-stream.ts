// Native_socket_stream: a Unix stream socket that keeps message boundaries and passes descriptors (section D).
import {
  closeFd,
  connectAbstract,
  peerCredentials,
  pollFd,
  READABLE,
  socketPair,
  WRITABLE,
} from '@flow-ipc/native';
import type { EventLoop, FdWatch } from '../event-loop/event-loop.js';
import { LazyTimer } from '../event-loop/lazy-timer.js';
import { uvEventLoop } from '../event-loop/uv-event-loop.js';
import { FlowIpcError, fromNative, TransportError } from '../util/errors.js';
import type { ProcessCredentials } from '../util/process-credentials.js';
import type { SharedName } from '../util/shared-name.js';
import { FrameReceiver, type FrameSink } from './frame-receiver.js';
import { FrameSender } from './frame-sender.js';

export const DEFAULT_PING_PERIOD_MS = 2000;
export const DEFAULT_IDLE_TIMEOUT_MS = 5000;

/** Counters since construction. */
export interface StreamCounters {
  messagesSent: number;
  bytesSent: number;
  sendCalls: number;
  queuedBytes: number;
  messagesReceived: number;
  bytesReceived: number;
  receiveCalls: number;
}

/**
 * One end of a connection, in PEER state from birth. Owns its descriptor.
 *
 * Nothing happens until startSend()/startReceive(): the state machine is driven by the EventLoop given (this
 * thread's, by default) or, while a caller blocks, by waitReadable().
 */
export class NativeSocketStream {
  readonly #loop: EventLoop;
  readonly #watch: FdWatch;
  readonly #sender: FrameSender;
  #receiver: FrameReceiver | undefined;
  #ping: LazyTimer | undefined;
  #idle: LazyTimer | undefined;
  #fd: number;
  #peer: ProcessCredentials;

  /** Adopts a connected socket: the descriptor is this object's from here on (closed also if this throws). */
  constructor(fd: number, loop: EventLoop = uvEventLoop) {
    this.#fd = fd;
    this.#loop = loop;
    try {
      this.#peer = peerCredentials(fd);
      this.#watch = loop.watch(fd);
    } catch (err) {
      closeFd(fd);
      throw fromNative(err, 'Cannot adopt the socket');
    }
    this.#sender = new FrameSender(fd, this.#watch, () => this.#onSendFailed());
  }

  /**
   * Connects to a listener in the abstract namespace, at once or not at all. FlowIpcError SYSTEM with `errno`:
   * ECONNREFUSED nobody listens, EAGAIN its backlog is full, ENAMETOOLONG more than 107 bytes.
   */
  static connect(name: SharedName | string, loop: EventLoop = uvEventLoop): NativeSocketStream {
    let fd: number;
    try {
      fd = connectAbstract(String(name));
    } catch (err) {
      throw fromNative(err, `Cannot connect to ${name}`);
    }
    return new NativeSocketStream(fd, loop);
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
   * Credentials of the peer as the kernel noted them at connect time. For a half of a socket pair that is the
   * process which made the pair; who knows better sets them (the session layer does).
   */
  get remotePeerProcessCredentials(): ProcessCredentials {
    return this.#peer;
  }

  set remotePeerProcessCredentials(peer: ProcessCredentials) {
    this.#peer = peer;
  }

  get sender(): FrameSender {
    return this.#sender;
  }

  get closed(): boolean {
    return this.#fd < 0;
  }

  startSend(): void {
    this.#checkOpen();
    this.#sender.start();
  }

  /** False when receiving had been started already. */
  startReceive(sink: FrameSink): boolean {
    this.#checkOpen();
    if (this.#receiver) return false;
    this.#receiver = new FrameReceiver(this.#fd, this.#watch, sink, () => this.#idle?.touch());
    this.#receiver.start();
    return true;
  }

  pauseReceive(): void {
    this.#receiver?.pause();
  }

  resumeReceive(): void {
    this.#receiver?.resume();
  }

  /** Sends a ping now and whenever nothing was sent for `periodMs`. False when called before. */
  autoPing(periodMs = DEFAULT_PING_PERIOD_MS): boolean {
    if (this.#ping) return false;
    this.startSend();
    this.#ping = new LazyTimer(this.#loop, periodMs, () => this.#sender.ping());
    const ping = this.#ping;
    this.#sender.onSent = () => ping.touch();
    this.#sender.ping();
    this.#ping.start({ essential: true });
    return true;
  }

  /** Fails receiving with RECEIVER_IDLE_TIMEOUT once nothing came for `timeoutMs`. False when called before. */
  idleTimerRun(timeoutMs = DEFAULT_IDLE_TIMEOUT_MS): boolean {
    if (this.#idle) return false;
    this.#idle = new LazyTimer(this.#loop, timeoutMs, () => this.#onIdle(timeoutMs));
    this.#idle.start();
    return true;
  }

  /** Ends sending in good order behind all that is queued; settles once the kernel has it all. */
  endSending(): Promise<void> {
    this.#ping?.stop();
    this.#sender.endSending();
    return this.#sender.drained();
  }

  /**
   * Blocks this thread until the peer sent something (which is then handed to the sink), queued bytes could
   * leave, or `timeoutMs` (Infinity: no limit) passed. What must not stop meanwhile (pings) is seen to by the caller.
   */
  waitReadable(timeoutMs: number): void {
    this.#checkOpen();
    this.#sender.flush();
    const events = READABLE | (this.#sender.blocked ? WRITABLE : 0);
    const ms = timeoutMs === Number.POSITIVE_INFINITY ? -1 : Math.max(0, timeoutMs);
    const ready = pollFd(this.#fd, events, ms);
    if (ready & WRITABLE) this.#sender.flush();
    if (ready & READABLE) this.#receiver?.drain();
  }

  /** Whether this connection keeps the process alive (it does by default once receiving). */
  ref(): void {
    this.#watch.ref();
  }

  unref(): void {
    this.#watch.unref();
  }

  get counters(): StreamCounters {
    const s = this.#sender;
    const r = this.#receiver;
    return {
      messagesSent: s.messages,
      bytesSent: s.bytesSent,
      sendCalls: s.systemCalls,
      queuedBytes: s.queuedBytes,
      messagesReceived: r?.messages ?? 0,
      bytesReceived: r?.bytes ?? 0,
      receiveCalls: r?.systemCalls ?? 0,
    };
  }

  /** Closes the socket now; unsent bytes are lost, the peer sees end of file. Idempotent. */
  close(): void {
    if (this.#fd < 0) return;
    this.#stopTimers();
    this.#sender.stop(new FlowIpcError(TransportError.CLOSED, 'The stream was closed'));
    this.#receiver?.stop();
    this.#watch.close();
    closeFd(this.#fd);
    this.#fd = -1;
  }

  /** Hands the still un-started descriptor to the caller; this object is closed then. */
  release(): number {
    this.#checkOpen();
    if (this.#receiver) throw new Error('A stream that receives cannot be released');
    const fd = this.#fd;
    this.#fd = -1;
    this.#stopTimers();
    this.#watch.close();
    return fd;
  }

  #stopTimers(): void {
    this.#ping?.stop();
    this.#idle?.stop();
  }

  #checkOpen(): void {
    if (this.#fd < 0) throw new FlowIpcError(TransportError.CLOSED, 'The stream is closed');
  }

  #onIdle(timeoutMs: number): void {
    const receiver = this.#receiver;
    if (!receiver || receiver.ended) return;
    // This thread may have been too busy to read: what waits in the socket counts as heard in time.
    const before = receiver.bytes;
    receiver.drain();
    if (receiver.bytes !== before || receiver.ended) return;
    this.#stopTimers();
    receiver.fail(
      new FlowIpcError(
        TransportError.IDLE_TIMEOUT,
        `Nothing came from the peer for ${timeoutMs} ms, not even a ping`,
      ),
    );
  }

  /**
   * A system error on one side hoses the other (feature 52), but what the peer had sent before it went is
   * delivered first; most often its end of file is found then, which says more than "hosed".
   */
  #onSendFailed(): void {
    this.#ping?.stop();
    queueMicrotask(() => {
      const receiver = this.#receiver;
      if (!receiver || this.#fd < 0) return;
      receiver.drain();
      receiver.fail(
        new FlowIpcError(TransportError.HOSED_CANNOT_RECEIVE, 'Sending failed, so receiving cannot go on', {
          cause: this.#sender.error,
        }),
      );
    });
  }
}
