// Native_socket_stream_acceptor: listens, accepts eagerly, pairs connections with those who wait (features 55, 56).
import { accept, closeFd, listenAbstract } from '@flow-ipc/native';
import type { EventLoop, FdWatch } from '../event-loop/event-loop.js';
import { uvEventLoop } from '../event-loop/uv-event-loop.js';
import { EAGAIN } from '../util/errno.js';
import { abortedError, FlowIpcError, fromNative, systemError, TransportError } from '../util/errors.js';
import type { SharedName } from '../util/shared-name.js';
import { WaiterQueue } from '../util/waiter-queue.js';
import { NativeSocketStream } from './native-socket-stream.js';

const BACKLOG = 4096;
/** Out of descriptors (process, system) or memory: it may pass, and the connection waits in the backlog. */
const TRANSIENT = new Set([-24, -23, -105, -12]);
const RETRY_MS = 100;

export class NativeSocketStreamAcceptor {
  readonly name: string;
  readonly #fd: number;
  readonly #loop: EventLoop;
  readonly #watch: FdWatch;
  /** Connections nobody asked for yet, and requests without a connection: at most one of them is not empty. */
  readonly #surplus: NativeSocketStream[] = [];
  readonly #deficit = new WaiterQueue<NativeSocketStream>();
  #error: FlowIpcError | undefined;

  /** Binds and listens at once. FlowIpcError SYSTEM with errno EADDRINUSE when another process listens there. */
  constructor(name: SharedName | string, loop: EventLoop = uvEventLoop) {
    this.name = String(name);
    this.#loop = loop;
    try {
      this.#fd = listenAbstract(this.name, BACKLOG);
    } catch (err) {
      throw fromNative(err, `Cannot listen on ${this.name}`);
    }
    this.#watch = loop.watch(this.#fd);
    this.#watch.wait('rcv', this.#onReadable);
  }

  /** The next connection, first come first served. Rejects with the error that ended accepting, or on abort. */
  accept(options: { signal?: AbortSignal } = {}): Promise<NativeSocketStream> {
    const { signal } = options;
    if (signal?.aborted) return Promise.reject(abortedError(signal));
    const ready = this.#surplus.shift();
    if (ready) return Promise.resolve(ready);
    if (this.#error) return Promise.reject(this.#error);
    return this.#deficit.wait(signal);
  }

  ref(): void {
    this.#watch.ref();
  }

  unref(): void {
    this.#watch.unref();
  }

  /** Stops listening; connections not asked for are closed, requests are rejected. Idempotent. */
  close(): void {
    if (this.#error?.code === TransportError.CLOSED) return;
    this.#watch.close();
    closeFd(this.#fd);
    for (const stream of this.#surplus.splice(0)) stream.close();
    this.#fail(new FlowIpcError(TransportError.CLOSED, 'The acceptor was closed'));
  }

  readonly #onReadable = (): void => {
    while (this.#error === undefined) {
      const fd = accept(this.#fd);
      if (fd === EAGAIN) break;
      if (TRANSIENT.has(fd)) {
        // Watching on would spin: the listener stays readable.
        this.#loop.timer(this.#onReadable, 'rcv').start(RETRY_MS);
        return;
      }
      if (fd < 0) {
        this.#fail(systemError('accept', fd, `Cannot accept on ${this.name}`));
        return;
      }
      this.#take(fd);
    }
    if (this.#error === undefined) this.#watch.wait('rcv', this.#onReadable);
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

  #fail(error: FlowIpcError): void {
    this.#error = error;
    this.#deficit.rejectAll(error);
  }
}
