// Native_socket_stream_acceptor: listens, accepts eagerly, pairs connections with those who wait (features 55, 56).
import { acceptorClose, acceptorError, acceptorOpen } from '../diagnostics.js';
import type { EventLoop } from '../event-loop/event-loop.js';
import { uvEventLoop } from '../event-loop/uv-event-loop.js';
import { abortedError, FlowIpcError, TransportError } from '../util/errors.js';
import type { SharedName } from '../util/shared-name.js';
import { WaiterQueue } from '../util/waiter-queue.js';
import { Listener } from './listener.js';
import { NativeSocketStream } from './native-socket-stream.js';

export class NativeSocketStreamAcceptor implements Disposable {
  readonly #listener: Listener;
  readonly #loop: EventLoop;
  /** Connections nobody asked for yet, and requests without a connection: at most one of them is not empty. */
  readonly #surplus: NativeSocketStream[] = [];
  readonly #deficit = new WaiterQueue<NativeSocketStream>();
  #error: FlowIpcError | undefined;

  /** Binds and listens at once. FlowIpcError SYSTEM with errno EADDRINUSE when another process listens there. */
  constructor(name: SharedName | string, loop: EventLoop = uvEventLoop) {
    this.#loop = loop;
    this.#listener = new Listener(String(name), loop);
    this.#listener.wait(this.#onReadable);
    acceptorOpen(
      () => ({ acceptor: this }),
      () => this.name,
    );
  }

  get name(): string {
    return this.#listener.name;
  }

  /** The next connection, first come first served. Rejects with the error that ended accepting, or on abort. */
  accept(options: { signal?: AbortSignal } = {}): Promise<NativeSocketStream> {
    return new Promise((resolve, reject) => this.onceAccepted(resolve, reject, options));
  }

  /** accept() without a promise: one of the two is called once, at once where that is possible. */
  onceAccepted(
    callback: (stream: NativeSocketStream) => void,
    onError: (error: unknown) => void,
    { signal }: { signal?: AbortSignal } = {},
  ): void {
    if (signal?.aborted) {
      onError(abortedError(signal));
      return;
    }
    const ready = this.#surplus.shift();
    if (ready) callback(ready);
    else if (this.#error) onError(this.#error);
    else this.#deficit.add(callback, onError, signal);
  }

  /** Connections as they come, until the acceptor is closed; throws on anything else that ends accepting. */
  async *connections(options: { signal?: AbortSignal } = {}): AsyncGenerator<NativeSocketStream, void, void> {
    try {
      for (;;) yield await this.accept(options);
    } catch (err) {
      if ((err as FlowIpcError).code !== TransportError.CLOSED) throw err;
    }
  }

  ref(): void {
    this.#listener.ref();
  }

  unref(): void {
    this.#listener.unref();
  }

  /** Stops listening; connections not asked for are closed, requests are rejected. Idempotent. */
  close(): void {
    if (this.#listener.closed) return;
    this.#listener.close();
    acceptorClose(
      () => ({ acceptor: this }),
      () => this.name,
    );
    for (const stream of this.#surplus.splice(0)) stream.close();
    this.#fail(new FlowIpcError(TransportError.CLOSED, 'The acceptor was closed'));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  readonly #onReadable = (): void => {
    try {
      for (let fd = this.#listener.next(); fd !== undefined; fd = this.#listener.next()) {
        this.#take(fd);
        if (this.#error) return;
      }
    } catch (err) {
      const error = err as FlowIpcError;
      acceptorError(
        () => ({ acceptor: this, error }),
        () => `${this.name}: ${error.message}`,
      );
      this.#fail(error);
      return;
    }
    this.#listener.wait(this.#onReadable);
  };

  #take(fd: number): void {
    let stream: NativeSocketStream;
    try {
      stream = new NativeSocketStream(fd, { loop: this.#loop });
    } catch {
      return; // The peer's credentials cannot be had: it is of no use to anybody.
    }
    if (!this.#deficit.serve(stream)) this.#surplus.push(stream);
  }

  /** Remembered for all who ask from now on. */
  #fail(error: FlowIpcError): void {
    this.#error = error;
    this.#deficit.rejectAll(error);
  }
}
