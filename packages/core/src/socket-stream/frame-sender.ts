// The sending half of a socket stream: never blocks, never says would-block, gathers what one turn sends.
import { send, sendStaged, stage } from '@flow-ipc/native';
import type { FdWatch } from '../event-loop/event-loop.js';
import { EAGAIN } from '../util/errno.js';
import { FlowIpcError, fromNative, systemError, TransportError } from '../util/errors.js';
import { PROTOCOL_VERSION } from '../util/protocol-negotiator.js';
import { END_OF_SENDING, HEADER_SIZE, MAX_BLOB_SIZE, PING } from './frame.js';
import { SendQueue } from './send-queue.js';

/** Blobs up to this size are copied behind their header into the addon's stage; longer ones stay where they are. */
const COPY_LIMIT = 2048;
/** Longer blobs are not gathered: the copy would cost more than the call saves. */
const GATHER_MAX = 16 * 1024;
/** Frames gathered in one turn leave early beyond this, so a burst does not pile up in memory. */
const GATHER_LIMIT = 64 * 1024;

/** What a sender needs of the stream that it is half of. */
export interface SenderHost {
  watch(): FdWatch;
  /** Runs the task when this turn is over. Absent where nothing runs between turns: every send leaves at once then. */
  readonly endOfTurn: ((task: () => void) => void) | undefined;
  /** The kernel refused: the other direction cannot go on either. */
  onSendFailed(error: FlowIpcError): void;
}

/**
 * The first message of a turn leaves at once; further ones of the same turn are gathered and leave together
 * when the turn ends (microtask), so a burst costs few system calls and a lone message no delay.
 *
 * A caller that drives the loop itself has no turns: each message leaves at once, unless corked.
 */
export class FrameSender {
  readonly #fd: number;
  readonly #host: SenderHost;
  readonly #queue = new SendQueue();
  #started = false;
  #corked = 0;
  #blocked = false;
  #turnOpen = false;
  #finished = false;
  #error: FlowIpcError | undefined;
  #reported = false;
  #waiters: ((error?: FlowIpcError) => void)[] = [];

  /** Called after each user message: what re-arms the ping timer. */
  onSent: () => void = () => {};
  messages = 0;
  bytesSent = 0;
  #directCalls = 0;

  constructor(fd: number, host: SenderHost) {
    this.#fd = fd;
    this.#host = host;
  }

  /** Bytes accepted from the user and not yet taken by the kernel. */
  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  get systemCalls(): number {
    return this.#directCalls + this.#queue.systemCalls;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  get error(): FlowIpcError | undefined {
    return this.#error;
  }

  get started(): boolean {
    return this.#started;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** Emits the protocol version, which never waits for the peer's. It leaves with what else this turn sends. */
  start(): boolean {
    if (this.#started) return false;
    this.#started = true;
    this.#queue.push(PROTOCOL_VERSION, null, -1);
    if (this.#host.endOfTurn) this.#openTurn();
    else if (this.#corked === 0) this.flush();
    return true;
  }

  /**
   * Sends one message: a blob of 0 to 65534 bytes and up to one descriptor (-1: none), which stays the caller's.
   * The bytes are taken before return. Throws INVALID_ARGUMENT (nothing sent, all goes on) or the error that
   * ended this direction.
   */
  send(blob: Uint8Array | null, fd = -1): void {
    const length = blob?.length ?? 0;
    if (length > MAX_BLOB_SIZE || (length === 0 && fd < 0)) {
      throw new FlowIpcError(
        TransportError.INVALID_ARGUMENT,
        `A message is 1 to ${MAX_BLOB_SIZE} bytes, or none with a descriptor; this one has ${length}`,
      );
    }
    this.#checkOpen();
    this.#emit(length, blob, fd);
    this.messages++;
    this.onSent();
    if (this.#error && !this.#reported) this.#checkOpen();
  }

  /** Until the matching uncork(), messages are gathered. */
  cork(): void {
    this.#corked++;
  }

  uncork(): void {
    if (--this.#corked > 0 || this.#queue.empty || this.#blocked || this.#turnOpen) return;
    this.#openTurn();
    this.flush();
  }

  /** A ping goes with what this turn sends; where the kernel would not take it now it is dropped, not queued. */
  ping(): void {
    if (!this.#started || this.#error || this.#finished || this.#blocked) return;
    if (this.#queue.empty) this.#emitNow(PING, null, -1, true);
    else this.#enqueue(PING, null, -1);
  }

  /** Queues the end marker behind everything. Later sends fail. False when it had been called already. */
  endSending(): boolean {
    if (this.#finished) return false;
    this.start();
    this.#finished = true;
    if (!this.#error) this.#emit(END_OF_SENDING, null, -1);
    return true;
  }

  /** Calls back when the queue is empty (with the end marker, if sending was ended), or with the error. */
  onceDrained(callback: (error?: FlowIpcError) => void): void {
    if (this.#error || this.#queue.empty) callback(this.#error);
    else this.#waiters.push(callback);
  }

  /** Hands to the kernel what it takes now. */
  flush(): void {
    if (this.#error) return;
    const before = this.#queue.bytes;
    if (before === 0 && !this.#blocked && this.#waiters.length === 0) return;
    const n = this.#queue.flush(this.#fd);
    this.bytesSent += before - this.#queue.bytes;
    if (n === EAGAIN) {
      if (!this.#blocked) {
        this.#blocked = true;
        this.#host.watch().wait('snd', this.#onWritable);
      }
    } else if (n < 0) {
      this.#fail(n);
    } else {
      this.#blocked = false;
      if (this.#waiters.length > 0) this.#tellWaiters();
    }
  }

  /** Ends this direction from outside. Queued bytes are lost, waiters are told. */
  stop(error: FlowIpcError): void {
    if (this.#error) return;
    this.#error = error;
    this.#queue.clear();
    this.#tellWaiters(error);
  }

  #tellWaiters(error?: FlowIpcError): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter(error);
  }

  #checkOpen(): void {
    if (this.#error) {
      this.#reported = true;
      throw this.#error;
    }
    if (this.#finished)
      throw new FlowIpcError(TransportError.SENDS_FINISHED, 'Sending was ended by endSending()');
    if (!this.#started) this.start();
  }

  #emit(header: number, blob: Uint8Array | null, fd: number): void {
    // A long blob is not worth copying into a common write.
    const gather = this.#turnOpen && (blob?.length ?? 0) < GATHER_MAX;
    if (this.#corked > 0 || this.#blocked || !this.#queue.empty || gather) {
      this.#enqueue(header, blob, fd);
      if (this.#blocked) return;
      if (this.#queue.bytes >= GATHER_LIMIT) this.flush();
      else if (this.#corked === 0) this.#openTurn();
      return;
    }
    this.#emitNow(header, blob, fd, false);
    this.#openTurn();
  }

  #enqueue(header: number, blob: Uint8Array | null, fd: number, skip = 0): void {
    try {
      this.#queue.push(header, blob, fd, skip);
    } catch (err) {
      throw fromNative(err, 'Cannot queue a descriptor');
    }
  }

  /** One system call for header and blob. The queue is empty. */
  #emitNow(header: number, blob: Uint8Array | null, fd: number, droppable: boolean): void {
    const length = blob?.length ?? 0;
    stage[0] = header & 0xff;
    stage[1] = header >> 8;
    this.#directCalls++;
    let n: number;
    if (length <= COPY_LIMIT) {
      if (blob) stage.set(blob, HEADER_SIZE);
      n = sendStaged(this.#fd, HEADER_SIZE + length, fd);
    } else {
      n = send(this.#fd, stage, 0, HEADER_SIZE, blob, 0, length, fd);
    }
    if (n === HEADER_SIZE + length) {
      this.bytesSent += n;
    } else if (n >= 0) {
      this.bytesSent += n;
      // The descriptor has gone with the first byte.
      this.#enqueue(header, blob, n > 0 ? -1 : fd, n);
      this.flush();
    } else if (n !== EAGAIN) {
      this.#fail(n);
    } else if (!droppable) {
      this.#enqueue(header, blob, fd);
      this.flush();
    }
  }

  #openTurn(): void {
    if (this.#turnOpen || !this.#host.endOfTurn) return;
    this.#turnOpen = true;
    this.#host.endOfTurn(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#turnOpen = false;
    if (!this.#queue.empty && !this.#blocked) this.flush();
  };

  readonly #onWritable = (): void => {
    this.#blocked = false;
    this.flush();
  };

  #fail(errno: number): void {
    const error = systemError('sendmsg', errno, 'Cannot send');
    this.stop(error);
    this.#host.onSendFailed(error);
  }
}
