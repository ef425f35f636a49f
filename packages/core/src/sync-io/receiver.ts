// The sync_io form of any receiving pipe: one message a call, into the user's memory (features 19-24, 27, 30-36, 40).
import { closeFd } from '@flow-ipc/native';
import type { ReceiveBuffer } from '../socket-stream/receive-buffer.js';
import type { FrameSink, ReceiveCounters, ReceiverPipe } from '../transport.js';
import { FlowIpcError, TransportError } from '../util/errors.js';
import { NativeHandle } from '../util/native-handle.js';
import type { EventWaitFunc, EventWaitHandle, EventWaitHandleFactory, EventWaitLoop } from './event-wait.js';
import { WOULD_BLOCK, type WouldBlock } from './would-block.js';

/** A message in the user's memory: its bytes, and the descriptor (null: none), which is the user's to close. */
export interface Received {
  size: number;
  handle: NativeHandle | null;
}

/**
 * What receives, driven by an event-wait function. One receive may be outstanding. A receive that completes at once
 * returns its result, or throws its error, and drops the handler; else it returns WOULD_BLOCK, and the handler is
 * called later, from within the event loop. It returns false, and does nothing, before startReceiveOps(), in NULL
 * state, and while another is outstanding.
 *
 * A target smaller than the message ends receiving where the pipe allows such targets at all
 * (MESSAGE_SIZE_EXCEEDS_USER_STORAGE), and is refused where it does not (INVALID_ARGUMENT).
 */
export interface SyncIoReceiver<H extends EventWaitHandle = EventWaitHandle> {
  /** Only before anything is started; false if too late. */
  replaceEventWaitHandles(factory: EventWaitHandleFactory<H>): boolean;
  /** False when called before, or in NULL state. */
  startReceiveOps(eventWait: EventWaitFunc<H>): boolean;
  /** Most bytes of one message; 0 in NULL state. */
  readonly maxReceiveSize: number;
  readonly receiveCounters: ReceiveCounters;
  /** A message with a descriptor is BLOB_RECEIVER_GOT_NON_BLOB and ends receiving. */
  asyncReceiveBlob(
    target: Uint8Array,
    handler: (error: FlowIpcError | undefined, size: number) => void,
  ): number | WouldBlock | false;
  asyncReceiveNativeHandle(
    target: Uint8Array,
    handler: (error: FlowIpcError | undefined, received: Received) => void,
  ): Received | WouldBlock | false;
  /** Traffic is only noticed while a receive is outstanding. */
  idleTimerRun(timeoutMs?: number): boolean;
  /** Closes at once; no handler is called. The user has forgotten all waits before. */
  close(): void;
}

type Handler = (error: FlowIpcError | undefined, received: Received) => void;

interface Request {
  target: Uint8Array;
  blobsOnly: boolean;
  handler: Handler;
}

const NOTHING: Received = { size: 0, handle: null };

export class SyncIoReceiverCore<H extends EventWaitHandle = EventWaitHandle> implements FrameSink {
  readonly #pipe: ReceiverPipe;
  readonly #loop: EventWaitLoop<H>;
  #request: Request | undefined;
  /** Set while a receive call looks for a message itself: what it finds is its result. */
  #inCall = false;
  #result: Received | FlowIpcError | undefined;

  /** `loop` is what drives `pipe`. */
  constructor(pipe: ReceiverPipe, loop: EventWaitLoop<H>) {
    this.#pipe = pipe;
    this.#loop = loop;
  }

  start(eventWait: EventWaitFunc<H>): boolean {
    if (this.#pipe.closed || this.#pipe.maxReceiveSize === 0 || !this.#loop.start('rcv', eventWait))
      return false;
    this.#pipe.startReceive(this, true);
    return true;
  }

  receiveBlob(
    target: Uint8Array,
    handler: (error: FlowIpcError | undefined, size: number) => void,
  ): number | WouldBlock | false {
    const result = this.receive(target, true, (error, { size }) => handler(error, size));
    return typeof result === 'object' ? result.size : result;
  }

  receive(target: Uint8Array, blobsOnly: boolean, handler: Handler): Received | WouldBlock | false {
    if (!this.#loop.started('rcv') || this.#pipe.closed || this.#request) return false;
    if (!this.#pipe.underflowAllowed && target.length < this.#pipe.maxReceiveSize) {
      throw new FlowIpcError(
        TransportError.INVALID_ARGUMENT,
        `This pipe receives into at least ${this.#pipe.maxReceiveSize} bytes, not into ${target.length}`,
      );
    }
    if (this.#pipe.receiveError) throw this.#pipe.receiveError;
    this.#request = { target, blobsOnly, handler };
    this.#inCall = true;
    try {
      this.#pipe.resumeReceiveNow();
    } finally {
      this.#inCall = false;
    }
    const result = this.#result;
    this.#result = undefined;
    if (!result) return WOULD_BLOCK;
    if (result instanceof FlowIpcError) throw result;
    return result;
  }

  idleTimerRun(timeoutMs?: number): boolean {
    return this.#loop.started('rcv') && !this.#pipe.closed && this.#pipe.idleTimerRun(timeoutMs);
  }

  /** Drops what is outstanding. */
  close(): void {
    this.#request = undefined;
  }

  onMessage(buffer: ReceiveBuffer, offset: number, length: number, fd: number): void {
    const request = this.#request!;
    const problem = problemOf(request, length, fd);
    if (problem) {
      if (fd >= 0) closeFd(fd);
      // Comes back as onEnd().
      this.#pipe.failReceive(problem);
      return;
    }
    this.#pipe.pauseReceive();
    request.target.set(buffer.bytes.subarray(offset, offset + length));
    this.#complete({ size: length, handle: fd < 0 ? null : new NativeHandle(fd) });
  }

  onEnd(error: FlowIpcError): void {
    // Without a receive outstanding, the next one finds it.
    if (this.#request) this.#complete(error);
  }

  #complete(result: Received | FlowIpcError): void {
    const { handler } = this.#request!;
    this.#request = undefined;
    if (this.#inCall) this.#result = result;
    else if (result instanceof FlowIpcError) handler(result, NOTHING);
    else handler(undefined, result);
  }
}

function problemOf(request: Request, length: number, fd: number): FlowIpcError | undefined {
  if (request.blobsOnly && fd >= 0) {
    return new FlowIpcError(
      TransportError.GOT_NON_BLOB,
      'A message came with a descriptor where only blobs may',
    );
  }
  const room = request.target.length;
  if (length <= room) return undefined;
  return new FlowIpcError(
    TransportError.EXCEEDS_USER_STORAGE,
    `A message of ${length} bytes came where there is room for ${room}`,
  );
}
