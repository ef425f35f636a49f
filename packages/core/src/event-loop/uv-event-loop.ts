// The event loop of this thread: one libuv watcher a descriptor, Node's timers.
import { FdWatcher, READABLE, WRITABLE } from '@flow-ipc/native';
import type { Direction, EventLoop, FdWatch, LoopTimer } from './event-loop.js';
import { endOfTurn } from './turn.js';

type Task = () => void;

/**
 * One-off interest over a level-triggered watcher: a task that is asked for again while it runs costs no call
 * into the loop, which is the case of every receive.
 */
class UvFdWatch implements FdWatch {
  readonly #watcher: FdWatcher;
  #rcv: Task | undefined;
  #snd: Task | undefined;
  #armed = 0;
  #dispatching = false;
  #closed = false;
  crossings = 0;

  constructor(fd: number) {
    this.#watcher = new FdWatcher(fd, (ready) => this.#onReady(ready));
  }

  wait(direction: Direction, task: Task): void {
    if (direction === 'rcv') this.#rcv = task;
    else this.#snd = task;
    if (!this.#dispatching) this.#arm();
  }

  #onReady(ready: number): void {
    this.crossings++;
    this.#dispatching = true;
    try {
      if (ready & READABLE) this.#run('rcv');
      if (ready & WRITABLE) this.#run('snd');
    } finally {
      this.#dispatching = false;
      this.#arm();
    }
  }

  #run(direction: Direction): void {
    const task = direction === 'rcv' ? this.#rcv : this.#snd;
    if (direction === 'rcv') this.#rcv = undefined;
    else this.#snd = undefined;
    task?.();
  }

  #arm(): void {
    if (this.#closed) return;
    const want = (this.#rcv ? READABLE : 0) | (this.#snd ? WRITABLE : 0);
    if (want === this.#armed) return;
    this.#armed = want;
    this.crossings++;
    this.#watcher.start(want);
  }

  ref(): void {
    if (!this.#closed) this.#watcher.ref();
  }

  unref(): void {
    if (!this.#closed) this.#watcher.unref();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rcv = this.#snd = undefined;
    this.#watcher.close();
  }
}

class NodeTimer implements LoopTimer {
  readonly #task: Task;
  #timeout: NodeJS.Timeout | undefined;

  constructor(task: Task) {
    this.#task = task;
  }

  start(ms: number): void {
    this.stop();
    this.#timeout = setTimeout(this.#task, ms).unref();
  }

  stop(): void {
    clearTimeout(this.#timeout);
    this.#timeout = undefined;
  }

  close(): void {
    this.stop();
  }
}

export const uvEventLoop: EventLoop = {
  watch: (fd) => new UvFdWatch(fd),
  timer: (task) => new NodeTimer(task),
  endOfTurn,
};
