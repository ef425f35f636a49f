// What a pipe is: the sender and receiver concepts that every transport implements (features 28-40, 59).
import type { ReceiveBuffer } from './socket-stream/receive-buffer.js';
import type { FlowIpcError } from './util/errors.js';
import type { ProcessCredentials } from './util/process-credentials.js';

/** How often {@link SenderPipe.autoPing} pings, unless told. */
export const DEFAULT_PING_PERIOD_MS = 2000;
/** How long {@link ReceiverPipe.idleTimerRun} bears silence, unless told. */
export const DEFAULT_IDLE_TIMEOUT_MS = 5000;

/** Where received messages go. */
export interface FrameSink {
  /**
   * One message: `length` bytes at `offset` of `buffer`, and a descriptor (-1: none) that the sink now owns.
   * Unless `owned`, the buffer is re-used after the call returns: copy what is to be kept.
   */
  onMessage(buffer: ReceiveBuffer, offset: number, length: number, fd: number, owned: boolean): void;
  /** Receiving is over, once: in good order (RECEIVES_FINISHED), by end of file, or by an error. */
  onEnd(error: FlowIpcError): void;
}

/** What went out of a pipe since it was made. */
export interface SendCounters {
  messagesSent: number;
  /** Bytes that the kernel took, framing included. */
  bytesSent: number;
  /** System calls that sent, or tried to. */
  sendCalls: number;
  /** Bytes accepted from the user that the kernel has not taken yet. */
  queuedBytes: number;
}

/** What came in by a pipe since it was made. */
export interface ReceiveCounters {
  messagesReceived: number;
  bytesReceived: number;
  /** System calls that received, or tried to. */
  receiveCalls: number;
}

/**
 * What a pipe is whatever its direction. An object may be the sender and the receiver of a two-way transport at
 * once, as a socket stream is; these members then speak for both.
 *
 * A pipe is in NULL state, not connected yet, or in PEER state, which it never leaves, not even by an error.
 */
export interface Pipe {
  /** Cosmetic: shows in logs. */
  readonly nickname: string;
  /** Whether close() was called. */
  readonly closed: boolean;
  /** Who is at the other end, where the transport can tell: a socket can. */
  readonly remotePeerProcessCredentials?: ProcessCredentials;
  /**
   * Releases everything at once. What was not sent is lost; what waits is told OBJECT_SHUTDOWN_ABORTED. The sink is
   * not told: who closes knows. Idempotent.
   */
  close(): void;
  /** Whether this pipe keeps the process alive (it does by default, once it watches something). */
  ref(): void;
  unref(): void;

  /** Bytes accepted and not yet taken by the kernel, of a pipe that sends. */
  readonly queuedBytes?: number;
  /** For callers that block: the descriptor to poll; -1 while there is none. */
  readonly pollFd: number;
  /**
   * Before a blocking poll: does what can be done now and tells the bits (READABLE, WRITABLE) to poll for; 0 when
   * there is nothing to wait for, -1 when messages were handed out just now, so that waiting might be too long.
   */
  beforePoll(): number;
  /** After it: `ready` are the bits that the poll found, 0 when it ran out of time. Messages go to the sink. */
  afterPoll(ready: number): void;
  /** All of this at once, for a caller that waits for nothing else: a pipe may have a shorter way. */
  waitReadable?(timeoutMs: number): void;
  /** Milliseconds until something of this pipe is due (its idle timer): the longest a poll should last. */
  untilDue(): number;
}

/** The sending end: Blob_sender and Native_handle_sender (features 28-39). */
export interface SenderPipe extends Pipe {
  /** Most bytes of one message; 0 in NULL state. */
  readonly maxSendSize: number;
  /** Whether a descriptor may go along. */
  readonly handlesEnabled: boolean;
  /** Bytes accepted and not yet taken by the kernel. */
  readonly queuedBytes: number;
  /** What ended sending, if something did. */
  readonly sendError: FlowIpcError | undefined;
  readonly sendCounters: SendCounters;

  /** Says the protocol's hello. send() does it too if need be. False when it had been said. */
  startSend(): boolean;
  /**
   * Sends one message: a blob and up to one descriptor (-1: none), which stays the caller's; a blob without a
   * descriptor must not be empty. Never blocks and never says would-block: what the kernel does not take now is
   * copied and queued, a descriptor duplicated, so both are the caller's again on return.
   *
   * Throws INVALID_ARGUMENT (too long, empty, descriptor on a pipe for blobs: nothing was sent, all goes on),
   * SENDS_FINISHED after endSending(), or the error that ended this direction, perhaps that of an earlier message.
   */
  send(blob: Uint8Array | null, fd?: number): void;
  /** Until the matching uncork(), messages are gathered. */
  cork(): void;
  uncork(): void;
  /** Hands to the kernel what it takes now. */
  flush(): void;
  /** Queues the end marker behind everything; later sends fail. False, and nothing happens, when called before. */
  endSending(): boolean;
  /** Settles when nothing is queued (with the end marker, if sending was ended), or with the error that ended sending. */
  drained(): Promise<void>;
  /** drained() without promises: the callback is called once, at once when nothing is queued. */
  onceDrained(callback: (error?: FlowIpcError) => void): void;
  /**
   * Sends a ping now and whenever nothing was sent for `periodMs` (at least 1), until sending ends. A ping that the
   * kernel does not take at once is dropped. False when called before, or after sending ended.
   */
  autoPing(periodMs?: number): boolean;
}

/** The receiving end: Blob_receiver and Native_handle_receiver (features 30-36, 40). */
export interface ReceiverPipe extends Pipe {
  /** Most bytes of one message; 0 in NULL state. */
  readonly maxReceiveSize: number;
  /**
   * Whether a message may be received into less than {@link maxReceiveSize} bytes. Where it may, a message that does
   * not fit hoses the pipe (MESSAGE_SIZE_EXCEEDS_USER_STORAGE); where not, a small target is INVALID_ARGUMENT.
   */
  readonly underflowAllowed: boolean;
  /** What ended receiving, if something did. */
  readonly receiveError: FlowIpcError | undefined;
  readonly receiveCounters: ReceiveCounters;

  /**
   * Starts handing messages to the sink, or with `paused` only gets ready to. False when it had been started.
   */
  startReceive(sink: FrameSink, paused?: boolean): boolean;
  /** Hands out no more, from the very next message on; also from within the sink. */
  pauseReceive(): void;
  /** Goes on, never from within this call: it may be made by a handler whose message lies in the very buffer. */
  resumeReceive(): void;
  /** Goes on from within this call: messages that are there reach the sink before it returns. Not for the sink. */
  resumeReceiveNow(): void;
  /** Ends receiving for good: the sink is told, nothing later is handed out, its descriptors are closed. */
  failReceive(error: FlowIpcError): void;
  /**
   * From now on, `timeoutMs` (at least 1) without a sign of the peer end receiving with IDLE_TIMEOUT. Signs are
   * noticed only while receiving is started and not paused. False when called before, or after receiving ended.
   */
  idleTimerRun(timeoutMs?: number): boolean;
}
