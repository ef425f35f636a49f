// Channel: what a session hands out, a bundle of pipes; here of one socket stream (features 73-78).

import { MAX_BLOB_SIZE } from './socket-stream/frame.js';
import type { FrameSink } from './socket-stream/frame-receiver.js';
import type { NativeSocketStream, StreamCounters } from './socket-stream/native-socket-stream.js';
import { abortedError, FlowIpcError, TransportError } from './util/errors.js';
import { NativeHandle } from './util/native-handle.js';
import type { ProcessCredentials } from './util/process-credentials.js';
import { WaiterQueue } from './util/waiter-queue.js';

/** A received message: bytes (perhaps none) and a descriptor, which is the receiver's to close. */
export interface ChannelMessage {
  blob: Uint8Array;
  handle: NativeHandle | null;
}

export interface AbortOptions {
  signal?: AbortSignal;
}

/** Messages kept for a slow consumer before the socket is left to fill, so that the sender feels it. */
const RECEIVE_HIGH_WATER = 64;

/**
 * An unstructured channel. Nothing is started until first used: a structured channel takes it over as it is.
 *
 * Messages are 1 to {@link maxBlobSize} bytes with, on a handles pipe, up to one descriptor (and then also 0
 * bytes). Order and boundaries are kept. Sends never block; see {@link queuedBytes} and {@link drained}.
 */
export class Channel implements AsyncDisposable {
  /** Whether descriptors may be sent: a handles pipe, or a blobs pipe. */
  readonly handlesEnabled: boolean;
  readonly maxBlobSize: number = MAX_BLOB_SIZE;
  readonly #stream: NativeSocketStream;
  readonly #messages: ChannelMessage[] = [];
  readonly #waiters = new WaiterQueue<ChannelMessage>();
  #receiving = false;
  #paused = false;
  #error: FlowIpcError | undefined;

  /** Takes the stream over. */
  constructor(stream: NativeSocketStream, options: { handles?: boolean } = {}) {
    this.#stream = stream;
    this.handlesEnabled = options.handles ?? true;
  }

  /** The pipe itself, for what a bundle does not offer; sending through it directly is the caller's risk. */
  get stream(): NativeSocketStream {
    return this.#stream;
  }

  get remotePeerProcessCredentials(): ProcessCredentials {
    return this.#stream.remotePeerProcessCredentials;
  }

  sendBlob(blob: Uint8Array): void {
    this.#stream.sender.send(blob);
  }

  /** The descriptor is duplicated if it must wait, so the caller may close it as soon as this returns. */
  sendNativeHandle(handle: NativeHandle, blob: Uint8Array | null = null): void {
    if (!this.handlesEnabled) {
      throw new FlowIpcError(
        TransportError.INVALID_ARGUMENT,
        'This channel carries blobs only, no descriptors',
      );
    }
    this.#stream.sender.send(blob, handle.fd);
  }

  /** The next message. Any number may wait; they are served in order. */
  receive(options: AbortOptions = {}): Promise<ChannelMessage> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(abortedError(signal));
    this.#startReceive();
    const message = this.#messages.shift();
    if (message) {
      this.#resume();
      return Promise.resolve(message);
    }
    if (this.#error) return Promise.reject(this.#error);
    return this.#waiters.wait(signal);
  }

  /** Like receive(), for a peer that sends blobs only; a descriptor is BLOB_RECEIVER_GOT_NON_BLOB and ends receiving. */
  async receiveBlob(options: AbortOptions = {}): Promise<Uint8Array> {
    const { blob, handle } = await this.receive(options);
    if (!handle) return blob;
    handle.close();
    const err = new FlowIpcError(TransportError.GOT_NON_BLOB, 'A message came with a descriptor');
    this.#onEnd(err);
    throw err;
  }

  /** All messages until the peer ends its sending in good order; throws on anything else. */
  async *messages(options: AbortOptions = {}): AsyncGenerator<ChannelMessage, void, void> {
    yield* untilFinished(() => this.receive(options));
  }

  async *blobs(options: AbortOptions = {}): AsyncGenerator<Uint8Array, void, void> {
    yield* untilFinished(() => this.receiveBlob(options));
  }

  /** Bytes accepted for sending that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#stream.sender.queuedBytes;
  }

  /** Settles when {@link queuedBytes} is 0, or with the error that ended sending. */
  drained(): Promise<void> {
    return this.#stream.sender.drained();
  }

  endSending(): Promise<void> {
    return this.#stream.endSending();
  }

  autoPing(periodMs?: number): boolean {
    return this.#stream.autoPing(periodMs);
  }

  /** Starts receiving too: silence is only noticed by who listens. */
  idleTimerRun(timeoutMs?: number): boolean {
    this.#startReceive();
    return this.#stream.idleTimerRun(timeoutMs);
  }

  get counters(): StreamCounters {
    return this.#stream.counters;
  }

  /** Closes at once; what waits to be sent is lost, waiting receives are rejected. Idempotent. */
  close(): void {
    if (this.#stream.closed) return;
    this.#stream.close();
    this.#onEnd(new FlowIpcError(TransportError.CLOSED, 'The channel was closed'));
    for (const message of this.#messages.splice(0)) message.handle?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #startReceive(): void {
    if (this.#receiving || this.#error) return;
    this.#receiving = true;
    const sink: FrameSink = {
      onMessage: (buffer, offset, length, fd, owned) => {
        const view = buffer.bytes.subarray(offset, offset + length);
        this.#onMessage({ blob: owned ? view : view.slice(), handle: fd < 0 ? null : new NativeHandle(fd) });
      },
      onEnd: (error) => this.#onEnd(error),
    };
    this.#stream.startReceive(sink);
  }

  #onMessage(message: ChannelMessage): void {
    if (this.#waiters.serve(message)) return;
    this.#messages.push(message);
    if (this.#messages.length >= RECEIVE_HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.#stream.pauseReceive();
    }
  }

  #resume(): void {
    if (!this.#paused || this.#messages.length > RECEIVE_HIGH_WATER / 2) return;
    this.#paused = false;
    this.#stream.resumeReceive();
  }

  #onEnd(error: FlowIpcError): void {
    this.#error ??= error;
    this.#waiters.rejectAll(error);
  }
}

/** What `next` gives, until the peer has ended its sending in good order. */
async function* untilFinished<R>(next: () => Promise<R>): AsyncGenerator<R, void, void> {
  try {
    for (;;) yield await next();
  } catch (err) {
    if ((err as FlowIpcError).code !== TransportError.RECEIVES_FINISHED) throw err;
  }
}
