// A listening socket that gives connections one by one and never blocks: what both forms of acceptor are made of.
import { accept, closeFd, disownFd, listenAbstract, ownFd } from '@flow-ipc/native';
import type { EventLoop, FdWatch, LoopTimer } from '../event-loop/event-loop.js';
import { EAGAIN } from '../util/errno.js';
import { type FlowIpcError, fromNative, systemError } from '../util/errors.js';

const BACKLOG = 4096;
/** Out of descriptors (process, system) or memory: it may pass, and the connection waits in the backlog. */
const TRANSIENT = new Set([-24, -23, -105, -12]);
const RETRY_MS = 100;

export class Listener {
  readonly name: string;
  readonly #fd: number;
  readonly #loop: EventLoop;
  #watch: FdWatch | undefined;
  #retry: LoopTimer | undefined;
  #starved = false;
  #unref = false;
  #error: FlowIpcError | undefined;
  #closed = false;

  /** Binds and listens at once. FlowIpcError SYSTEM with errno EADDRINUSE when another process listens there. */
  constructor(name: string, loop: EventLoop) {
    this.name = name;
    this.#loop = loop;
    try {
      this.#fd = listenAbstract(name, BACKLOG);
      // A terminated thread must not keep the name.
      ownFd(this.#fd);
    } catch (err) {
      throw fromNative(err, `Cannot listen on ${name}`);
    }
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** The next connection's descriptor, or undefined when none waits. Throws what ended accepting, again and again. */
  next(): number | undefined {
    if (this.#error) throw this.#error;
    const fd = accept(this.#fd);
    this.#starved = TRANSIENT.has(fd);
    if (fd >= 0) return fd;
    if (fd === EAGAIN || this.#starved) return undefined;
    this.#error = systemError('accept', fd, `Cannot accept on ${this.name}`);
    throw this.#error;
  }

  /** Runs the task once, when it is worth asking for the next. */
  wait(task: () => void): void {
    if (this.#closed) return;
    if (this.#starved) {
      // Watching would spin: the listener stays readable.
      this.#retry?.close();
      this.#retry = this.#loop.timer(task, 'rcv');
      this.#retry.start(RETRY_MS);
      return;
    }
    if (!this.#watch) {
      this.#watch = this.#loop.watch(this.#fd);
      if (this.#unref) this.#watch.unref();
    }
    this.#watch.wait('rcv', task);
  }

  ref(): void {
    this.#unref = false;
    this.#watch?.ref();
  }

  unref(): void {
    this.#unref = true;
    this.#watch?.unref();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#retry?.close();
    this.#watch?.close();
    disownFd(this.#fd);
    closeFd(this.#fd);
  }
}
