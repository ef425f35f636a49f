// One receiving pipe of a channel: messages that nobody asked for yet, and those who wait for one.
import type { ReceiveBuffer } from './socket-stream/receive-buffer.js';
import type { FrameSink, ReceiverPipe } from './transport.js';
import { abortedError, FlowIpcError, TransportError } from './util/errors.js';
import { NativeHandle } from './util/native-handle.js';
import { onAbort } from './util/waiter-queue.js';

/** A received message: bytes (perhaps none) and a descriptor, which is the receiver's to close. */
export interface ChannelMessage {
  blob: Uint8Array;
  handle: NativeHandle | null;
}

/** A message received into the caller's memory: how many bytes came, and the descriptor. */
export interface ReceivedInto {
  size: number;
  handle: NativeHandle | null;
}

/** Someone who waits. `take` copies what it needs out of the buffer, and throws the error that the message is. */
interface Waiter {
  /** Whether what it takes refers to the bytes that it is given. */
  keeps: boolean;
  take(bytes: Uint8Array, handle: NativeHandle | null): void;
  reject(error: unknown): void;
}

export class ChannelInbox implements FrameSink {
  readonly pipe: ReceiverPipe;
  readonly #blobsOnly: boolean;
  readonly #highWater: number;
  readonly #messages: ChannelMessage[] = [];
  readonly #waiters: Waiter[] = [];
  #paused = false;
  #error: FlowIpcError | undefined;

  /** `highWater`: messages kept for a slow consumer before the pipe is left to fill, so that the sender feels it. */
  constructor(pipe: ReceiverPipe, blobsOnly: boolean, highWater: number) {
    this.pipe = pipe;
    this.#blobsOnly = blobsOnly;
    this.#highWater = highWater;
  }

  start(): void {
    if (!this.#error) this.pipe.startReceive(this);
  }

  receive(signal?: AbortSignal): Promise<ChannelMessage> {
    return this.#next(signal, (bytes, handle) => ({ blob: bytes, handle }));
  }

  receiveBlob(signal?: AbortSignal): Promise<Uint8Array> {
    return this.#next(signal, (bytes, handle) => {
      if (!handle) return bytes;
      handle.close();
      throw gotNonBlob();
    });
  }

  receiveInto(target: Uint8Array, signal?: AbortSignal): Promise<ReceivedInto> {
    if (!this.pipe.underflowAllowed && target.length < this.pipe.maxReceiveSize) {
      return Promise.reject(
        new FlowIpcError(
          TransportError.INVALID_ARGUMENT,
          `This pipe receives into at least ${this.pipe.maxReceiveSize} bytes, not into ${target.length}`,
        ),
      );
    }
    const take = (bytes: Uint8Array, handle: NativeHandle | null): ReceivedInto => {
      if (bytes.length > target.length) {
        handle?.close();
        throw new FlowIpcError(
          TransportError.EXCEEDS_USER_STORAGE,
          `A message of ${bytes.length} bytes came where there is room for ${target.length}`,
        );
      }
      target.set(bytes);
      return { size: bytes.length, handle };
    };
    return this.#next(signal, take, false);
  }

  /** Everything that waits is rejected, descriptors that nobody took are closed. */
  close(error: FlowIpcError): void {
    this.#error ??= error;
    for (const message of this.#messages.splice(0)) message.handle?.close();
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  onMessage(buffer: ReceiveBuffer, offset: number, length: number, fd: number, owned: boolean): void {
    const handle = fd < 0 ? null : new NativeHandle(fd);
    if (handle && this.#blobsOnly) {
      handle.close();
      this.#fail(gotNonBlob());
      return;
    }
    const bytes = buffer.bytes.subarray(offset, offset + length);
    const waiter = this.#waiters.shift();
    if (waiter) {
      this.#give(waiter, bytes, handle, owned);
      return;
    }
    this.#messages.push({ blob: owned ? bytes : bytes.slice(), handle });
    if (this.#messages.length >= this.#highWater && !this.#paused) {
      this.#paused = true;
      this.pipe.pauseReceive();
    }
  }

  onEnd(error: FlowIpcError): void {
    this.#error ??= error;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#error);
  }

  #next<R>(
    signal: AbortSignal | undefined,
    map: (bytes: Uint8Array, handle: NativeHandle | null) => R,
    keeps = true,
  ): Promise<R> {
    if (signal?.aborted) return Promise.reject(abortedError(signal));
    this.start();
    const message = this.#messages.shift();
    if (message) {
      this.#resume();
      try {
        return Promise.resolve(map(message.blob, message.handle));
      } catch (err) {
        this.#fail(err as FlowIpcError);
        return Promise.reject(err);
      }
    }
    if (this.#error) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, (error) => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(error);
      });
      const waiter: Waiter = {
        keeps,
        take(bytes, handle) {
          forget();
          resolve(map(bytes, handle));
        },
        reject(error) {
          forget();
          reject(error);
        },
      };
      this.#waiters.push(waiter);
    });
  }

  #give(waiter: Waiter, bytes: Uint8Array, handle: NativeHandle | null, owned: boolean): void {
    try {
      waiter.take(owned || !waiter.keeps ? bytes : bytes.slice(), handle);
    } catch (err) {
      waiter.reject(err);
      this.#fail(err as FlowIpcError);
    }
  }

  /** The peer sent what was not asked for: nothing later is handed out (features 34, 51). */
  #fail(error: FlowIpcError): void {
    this.pipe.failReceive(error);
    this.close(error);
  }

  #resume(): void {
    if (!this.#paused || this.#messages.length > this.#highWater / 2) return;
    this.#paused = false;
    this.pipe.resumeReceive();
  }
}

const gotNonBlob = () =>
  new FlowIpcError(TransportError.GOT_NON_BLOB, 'A message came with a descriptor where only blobs may');
