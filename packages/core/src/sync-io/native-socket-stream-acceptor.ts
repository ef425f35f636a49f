// Native_socket_stream_acceptor in the sync_io pattern: one accept at a time (feature 57).
import { Listener } from '../socket-stream/listener.js';
import type { FlowIpcError } from '../util/errors.js';
import type { SharedName } from '../util/shared-name.js';
import {
  type EventWaitFunc,
  type EventWaitHandle,
  type EventWaitHandleFactory,
  EventWaitLoop,
} from './event-wait.js';
import { NativeSocketStream } from './native-socket-stream.js';
import { WOULD_BLOCK, type WouldBlock } from './would-block.js';

type AcceptHandler<H extends EventWaitHandle> = (
  error: FlowIpcError | undefined,
  stream: NativeSocketStream<H> | undefined,
) => void;

export class NativeSocketStreamAcceptor<H extends EventWaitHandle = EventWaitHandle> {
  readonly #loop = new EventWaitLoop<H>();
  readonly #listener: Listener;
  #handler: AcceptHandler<H> | undefined;

  /** Binds and listens at once. FlowIpcError SYSTEM with errno EADDRINUSE when another process listens there. */
  constructor(name: SharedName | string) {
    this.#listener = new Listener(String(name), this.#loop);
  }

  get name(): string {
    return this.#listener.name;
  }

  replaceEventWaitHandles(factory: EventWaitHandleFactory<H>): boolean {
    return this.#loop.replaceHandles(factory);
  }

  /** False when called before. */
  startAcceptOps(eventWait: EventWaitFunc<H>): boolean {
    return !this.#listener.closed && this.#loop.start('rcv', eventWait);
  }

  /**
   * A connection that waits already (the handler is dropped then), or WOULD_BLOCK: the handler is called later. False
   * before startAcceptOps() and while an accept is outstanding. Throws what ended accepting, every time.
   */
  asyncAccept(handler: AcceptHandler<H>): NativeSocketStream<H> | WouldBlock | false {
    if (!this.#loop.started('rcv') || this.#listener.closed || this.#handler) return false;
    const stream = this.#next();
    if (stream) return stream;
    this.#handler = handler;
    this.#listener.wait(this.#onReadable);
    return WOULD_BLOCK;
  }

  /** Stops listening; no handler is called. The user has forgotten all waits before. Idempotent. */
  close(): void {
    this.#handler = undefined;
    this.#listener.close();
    this.#loop.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #next(): NativeSocketStream<H> | undefined {
    for (;;) {
      const fd = this.#listener.next();
      if (fd === undefined) return undefined;
      try {
        return new NativeSocketStream<H>(fd);
      } catch {
        // The peer's credentials cannot be had: it is of no use to anybody.
      }
    }
  }

  readonly #onReadable = (): void => {
    const handler = this.#handler;
    if (!handler) return;
    let stream: NativeSocketStream<H> | undefined;
    let error: FlowIpcError | undefined;
    try {
      stream = this.#next();
    } catch (err) {
      error = err as FlowIpcError;
    }
    if (!stream && !error) {
      this.#listener.wait(this.#onReadable);
      return;
    }
    this.#handler = undefined;
    handler(error, stream);
  };
}
