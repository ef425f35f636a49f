// Channel: what a session hands out, a bundle of pipes: blobs both ways, descriptors both ways, or both (73-78).
import { ChannelInbox, type ChannelMessage, type ReceivedInto } from './channel-inbox.js';
import { channelHighWater } from './diagnostics.js';
import type { ReceiveCounters, ReceiverPipe, SendCounters, SenderPipe } from './transport.js';
import { abortedError, FlowIpcError, TransportError } from './util/errors.js';
import type { NativeHandle } from './util/native-handle.js';
import type { ProcessCredentials } from './util/process-credentials.js';
import { onAbort } from './util/waiter-queue.js';
import { waitForPipes } from './wait-for-pipes.js';

export interface AbortOptions {
  signal?: AbortSignal;
}

/** Both directions of one kind of traffic. A socket stream is both ends of it. */
export interface PipePair {
  sender: SenderPipe;
  receiver: ReceiverPipe;
}

/** What a channel is made of: at least one of the two. */
export interface ChannelPipes {
  blobs?: PipePair;
  handles?: PipePair;
}

/** What one can do with a channel, by its pipes. */
export type ChannelFeature = 'blobs' | 'handles' | 'credentials';

export interface ChannelOptions {
  /** For a single pipe: false makes it one for blobs only. @default true */
  handles?: boolean;
  /** Queued bytes of a pipe from which sends return false and {@link onHighWater} is told. @default 1 MiB */
  sendHighWaterMark?: number;
  /** Received messages kept for a slow consumer before the pipe is left to fill. @default 64 */
  receiveHighWaterMark?: number;
  /** Told once when a pipe's queued bytes reach the mark, and again only after it has drained. */
  onHighWater?: (queuedBytes: number) => void;
}

/** Counters of all pipes of a channel together. */
export interface ChannelCounters extends SendCounters, ReceiveCounters {}

const SEND_HIGH_WATER = 1024 * 1024;
const RECEIVE_HIGH_WATER = 64;

/** `T` where the channel has the feature, else `T` or undefined: to be looked at before it is used. */
type If<F extends ChannelFeature, Wanted extends ChannelFeature, T> = Wanted extends F ? T : T | undefined;

/** Any channel, whatever its pipes: for code that looks at them itself. */
export type AnyChannel = Channel<never>;

/**
 * An unstructured channel. Nothing is started until first used: a structured channel takes it over as it is.
 *
 * With one pipe everything goes there; a pipe for descriptors takes messages without one, too. With two, blobs go to
 * one and messages with descriptors to the other: order is kept within each pipe, not between them, and an error of
 * one leaves the other alone. The type says which calls there are; from JavaScript, a wrong one throws
 * INVALID_ARGUMENT.
 *
 * Sends never block; see {@link queuedBytes} and {@link drained}. A send returns whether the pipe's queue is below
 * its high-water mark: false asks for a pause, nothing is lost.
 */
export class Channel<F extends ChannelFeature = ChannelFeature> implements AsyncDisposable, Disposable {
  /** Nothing at run time: tells the compiler one kind of channel from another. */
  declare readonly features: { readonly [K in F]: true };
  /** Whether descriptors may be sent. */
  readonly handlesEnabled: boolean;
  readonly #handles: PipePair | undefined;
  readonly #blobs: PipePair | undefined;
  /** Where messages without a descriptor go. */
  readonly #blobSender: SenderPipe;
  /** The pipes, each once; a two-way transport is one. */
  readonly #senders: SenderPipe[];
  readonly #receivers: ReceiverPipe[];
  readonly #pipes: (SenderPipe | ReceiverPipe)[];
  readonly #inbox: ChannelInbox;
  readonly #blobInbox: ChannelInbox;
  readonly #options: ChannelOptions;
  readonly #overMark = new Set<SenderPipe>();
  #closed = false;

  /** Takes the pipes over. A stream by itself is the one pipe for everything. */
  constructor(pipes: (SenderPipe & ReceiverPipe) | ChannelPipes, options: ChannelOptions = {}) {
    const { handles, blobs } = 'send' in pipes ? single(pipes, options.handles ?? true) : pipes;
    const first = handles ?? blobs;
    if (!first) throw new TypeError('A channel has at least one pipe');
    if (handles && !handles.sender.handlesEnabled) throw new TypeError('This pipe takes no descriptors');
    this.handlesEnabled = handles !== undefined;
    this.#handles = handles;
    this.#blobs = blobs;
    this.#options = options;
    this.#senders = [...new Set([handles, blobs].flatMap((pair) => (pair ? [pair.sender] : [])))];
    this.#receivers = [...new Set([handles, blobs].flatMap((pair) => (pair ? [pair.receiver] : [])))];
    this.#pipes = [...new Set([...this.#senders, ...this.#receivers])];
    this.#blobSender = (blobs ?? first).sender;
    const highWater = options.receiveHighWaterMark ?? RECEIVE_HIGH_WATER;
    if (!(highWater >= 1)) throw new RangeError('receiveHighWaterMark must be at least 1');
    this.#inbox = new ChannelInbox(first.receiver, !handles, highWater);
    this.#blobInbox = blobs && handles ? new ChannelInbox(blobs.receiver, true, highWater) : this.#inbox;
  }

  /** The individual pipes, for what a bundle does not offer. To use one beside the channel is the caller's risk. */
  get handleSender(): If<F, 'handles', SenderPipe> {
    return this.#handles?.sender as If<F, 'handles', SenderPipe>;
  }

  get handleReceiver(): If<F, 'handles', ReceiverPipe> {
    return this.#handles?.receiver as If<F, 'handles', ReceiverPipe>;
  }

  /** Undefined when blobs and descriptors share one pipe: that is then the {@link handleSender}. */
  get blobSender(): SenderPipe | undefined {
    return this.#blobs?.sender;
  }

  get blobReceiver(): ReceiverPipe | undefined {
    return this.#blobs?.receiver;
  }

  /** Who is at the other end; undefined when no pipe can tell: message queues cannot. */
  get remotePeerProcessCredentials(): If<F, 'credentials', ProcessCredentials> {
    const socket = this.#senders.find((pipe) => 'remotePeerProcessCredentials' in pipe);
    return socket?.remotePeerProcessCredentials as If<F, 'credentials', ProcessCredentials>;
  }

  /** Most bytes of a blob; 0 before the pipe is connected. */
  get maxBlobSize(): number {
    return this.#blobSender.maxSendSize;
  }

  sendBlob(this: Channel<'blobs'>, blob: Uint8Array): boolean {
    this.#blobSender.send(blob);
    return this.#belowMark(this.#blobSender);
  }

  /** A descriptor, with or without bytes. It stays the caller's, who may close it as soon as this returns. */
  sendNativeHandle(this: Channel<'handles'>, handle: NativeHandle, blob: Uint8Array | null = null): boolean {
    const sender = this.#handlePipe().sender;
    sender.send(blob, handle.requireFd());
    return this.#belowMark(sender);
  }

  /** The next message, of the descriptors' pipe if there are two. Any number may wait; they are served in order. */
  receive(options: AbortOptions = {}): Promise<ChannelMessage> {
    return this.#inbox.receive(options.signal);
  }

  /** The next blob. A message with a descriptor is BLOB_RECEIVER_GOT_NON_BLOB and ends receiving. */
  receiveBlob(this: Channel<'blobs'>, options: AbortOptions = {}): Promise<Uint8Array> {
    return this.#blobInbox.receiveBlob(options.signal);
  }

  /**
   * receive() into the caller's memory, not to be touched until then. Where a pipe allows less room than its longest
   * message (a socket does), a message that does not fit is MESSAGE_SIZE_EXCEEDS_USER_STORAGE and ends receiving;
   * where it does not, too little room is INVALID_ARGUMENT.
   */
  receiveInto(target: Uint8Array, options: AbortOptions = {}): Promise<ReceivedInto> {
    return this.#inbox.receiveInto(target, options.signal);
  }

  /** All messages until the peer ends its sending in good order; throws on anything else. */
  async *messages(options: AbortOptions = {}): AsyncGenerator<ChannelMessage, void, void> {
    yield* untilFinished(() => this.receive(options));
  }

  async *blobs(this: Channel<'blobs'>, options: AbortOptions = {}): AsyncGenerator<Uint8Array, void, void> {
    yield* untilFinished(() => this.receiveBlob(options));
  }

  /** Bytes accepted for sending that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#senders.reduce((sum, pipe) => sum + pipe.queuedBytes, 0);
  }

  /** Settles when {@link queuedBytes} is 0, or with the first error that ended sending. */
  async drained(options: AbortOptions = {}): Promise<void> {
    await abortable(Promise.all(this.#senders.map((pipe) => pipe.drained())), options.signal);
  }

  /**
   * Ends sending on every pipe behind all that is queued; settles once the kernel has it all, or with the first error.
   * Its signal ends the waiting, not what it waits for.
   */
  async endSending(options: AbortOptions = {}): Promise<void> {
    for (const pipe of this.#senders) pipe.endSending();
    await this.drained(options);
  }

  /** Pings on every pipe. False when called before or after sending ended. */
  autoPing(periodMs?: number): boolean {
    return all(this.#senders, (pipe) => pipe.autoPing(periodMs));
  }

  /** Watches every pipe for silence. Starts receiving too: silence is only noticed by who listens. */
  idleTimerRun(timeoutMs?: number): boolean {
    this.#inbox.start();
    this.#blobInbox.start();
    return all(this.#receivers, (pipe) => pipe.idleTimerRun(timeoutMs));
  }

  /** Hands to the kernel what it takes now of what is gathered until the turn's end or could not leave before. */
  flush(): void {
    for (const pipe of this.#senders) pipe.flush();
  }

  /**
   * Blocks this thread until something came (which is then in the pipe's sink), queued bytes could leave, or
   * `timeoutMs` (Infinity: no limit) passed. Where all that was queued leaves at once, it only looks whether something
   * came.
   */
  waitReadable(timeoutMs: number): void {
    waitForPipes(this.#pipes, timeoutMs);
  }

  /** Whether this channel keeps the process alive (it does by default once receiving). */
  ref(): void {
    for (const pipe of this.#pipes) pipe.ref();
  }

  unref(): void {
    for (const pipe of this.#pipes) pipe.unref();
  }

  get counters(): ChannelCounters {
    const sum: Record<string, number> = {};
    const parts = [
      ...this.#senders.map((pipe) => pipe.sendCounters),
      ...this.#receivers.map((pipe) => pipe.receiveCounters),
    ];
    for (const part of parts) {
      for (const [key, value] of Object.entries(part)) sum[key] = (sum[key] ?? 0) + value;
    }
    return sum as unknown as ChannelCounters;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Closes at once; what waits to be sent is lost, waiting receives are rejected. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const pipe of this.#pipes) pipe.close();
    const error = new FlowIpcError(TransportError.CLOSED, 'The channel was closed');
    this.#inbox.close(error);
    this.#blobInbox.close(error);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #handlePipe(): PipePair {
    if (this.#handles) return this.#handles;
    throw new FlowIpcError(
      TransportError.INVALID_ARGUMENT,
      'This channel carries blobs only, no descriptors',
    );
  }

  #belowMark(sender: SenderPipe): boolean {
    const queued = sender.queuedBytes;
    if (queued < (this.#options.sendHighWaterMark ?? SEND_HIGH_WATER)) return true;
    if (!this.#overMark.has(sender)) {
      this.#overMark.add(sender);
      sender.onceDrained(() => this.#overMark.delete(sender));
      channelHighWater(
        () => ({ channel: this as unknown as Channel, queuedBytes: queued }),
        () => `${queued} bytes`,
      );
      this.#options.onHighWater?.(queued);
    }
    return false;
  }
}

function single(pipe: SenderPipe & ReceiverPipe, handles: boolean): ChannelPipes {
  const pair = { sender: pipe, receiver: pipe };
  return handles ? { handles: pair } : { blobs: pair };
}

/** The promise, or the signal's rejection if that comes first. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  if (signal.aborted) {
    promise.catch(() => {});
    return Promise.reject(abortedError(signal));
  }
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, reject);
    promise.then(resolve, reject).finally(forget);
  });
}

/** Calls all of them, whatever the first ones say. */
function all<P>(pipes: readonly P[], call: (pipe: P) => boolean): boolean {
  return pipes.map(call).every(Boolean);
}

/** What `next` gives, until the peer has ended its sending in good order. */
async function* untilFinished<R>(next: () => Promise<R>): AsyncGenerator<R, void, void> {
  try {
    for (;;) yield await next();
  } catch (err) {
    if ((err as FlowIpcError).code !== TransportError.RECEIVES_FINISHED) throw err;
  }
}
