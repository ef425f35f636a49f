// A loop for threads that have none, or that block: epoll, one-off interests, timers. Drives either pattern.
import { EpollReactor, READABLE, WRITABLE } from '@flow-ipc/native';
import type { Direction, EventLoop, FdWatch, LoopTimer } from '../event-loop/event-loop.js';
import { throwNow } from '../event-loop/throw-later.js';
import { systemError } from '../util/errors.js';
import type { EventWaitFunc, EventWaitHandle } from './event-wait.js';

type Task = () => void;

/** How many descriptors one wait reports; more are reported by the next. */
const BATCH = 64;

/** Interest in one descriptor, and what stands for it in the sync_io pattern. */
export class EpollWatch implements FdWatch, EventWaitHandle {
  readonly fd: number;
  readonly #loop: EpollEventLoop;
  #rcv: Task | undefined;
  #snd: Task | undefined;
  #armed = 0;
  #closed = false;
  crossings = 0;

  constructor(loop: EpollEventLoop, fd: number) {
    this.#loop = loop;
    this.fd = fd;
  }

  wait(direction: Direction, task: Task): void {
    if (this.#closed) return;
    if (direction === 'rcv') this.#rcv = task;
    else this.#snd = task;
    // The descriptor may be in the set still, from an interest that was just served: then this costs nothing.
    const want = this.#wanted;
    if ((want & ~this.#armed) !== 0) this.#set(want);
  }

  get #wanted(): number {
    return (this.#rcv ? READABLE : 0) | (this.#snd ? WRITABLE : 0);
  }

  /** For the loop. How many tasks were run. */
  dispatch(ready: number): number {
    let count = 0;
    this.crossings++;
    if (ready & READABLE && this.#rcv) {
      const task = this.#rcv;
      this.#rcv = undefined;
      task();
      count++;
    }
    if (ready & WRITABLE && this.#snd) {
      const task = this.#snd;
      this.#snd = undefined;
      task();
      count++;
    }
    // What is not wanted any more must go, or a level-triggered set reports it for ever.
    if (!this.#closed && this.#wanted !== this.#armed) this.#set(this.#wanted);
    return count;
  }

  ref(): void {}

  unref(): void {}

  close(): void {
    if (this.#closed) return;
    if (this.#armed !== 0) this.#set(0);
    this.#closed = true;
    this.#rcv = this.#snd = undefined;
  }

  #set(events: number): void {
    this.#armed = events;
    this.crossings++;
    this.#loop.set(this, events);
  }
}

/** A deadline in this process's memory: run() looks at it. */
class EpollTimer implements LoopTimer {
  readonly #timers: Set<EpollTimer>;
  readonly task: Task;
  due = 0;

  constructor(timers: Set<EpollTimer>, task: Task) {
    this.#timers = timers;
    this.task = task;
  }

  start(ms: number): void {
    this.due = performance.now() + ms;
    this.#timers.add(this);
  }

  stop(): void {
    this.#timers.delete(this);
  }

  close(): void {
    this.stop();
  }
}

/**
 * Blocks its thread while it waits, so use it where nothing else needs the thread's event loop: no promise settles and
 * no Node callback runs during run(). Objects in sync_io form are given {@link createHandle} and {@link eventWait};
 * those in async form are constructed with `{ loop }`.
 */
export class EpollEventLoop implements EventLoop, Disposable {
  readonly #reactor = new EpollReactor();
  readonly #watches = new Map<number, EpollWatch>();
  readonly #timers = new Set<EpollTimer>();
  readonly #out = new Int32Array(2 * BATCH);
  #stopped = false;

  /** For replaceEventWaitHandles(). */
  readonly createHandle = (fd: number): EpollWatch => this.watch(fd);

  /** For start…Ops(). */
  readonly eventWait: EventWaitFunc<EpollWatch> = (handle, direction, task) => handle.wait(direction, task);

  /** A number that other threads can be given: adding to that eventfd (`signalFd` of the addon) ends a wait. */
  get wakeFd(): number {
    return this.#reactor.wakeFd;
  }

  watch(fd: number): EpollWatch {
    return new EpollWatch(this, fd);
  }

  timer(task: Task): LoopTimer {
    return new EpollTimer(this.#timers, task);
  }

  /** For the watches. */
  set(watch: EpollWatch, events: number): void {
    const { fd } = watch;
    if (events !== 0) {
      const other = this.#watches.get(fd);
      if (other && other !== watch) throw new Error(`Descriptor ${fd} is watched already`);
      this.#watches.set(fd, watch);
    } else {
      this.#watches.delete(fd);
    }
    this.#reactor.set(fd, events);
  }

  /**
   * Waits once, up to `timeoutMs` (default: without limit), and runs what is ready. How many tasks were run; 0 when time
   * ran out or the wait was woken.
   */
  runOnce(timeoutMs = Number.POSITIVE_INFINITY): number {
    let ms = timeoutMs;
    for (const { due } of this.#timers) ms = Math.min(ms, due - performance.now());
    const n = this.#reactor.wait(ms === Number.POSITIVE_INFINITY ? -1 : Math.max(0, ms), this.#out);
    if (n < 0) throw systemError('epoll_wait', n, 'Cannot wait for events');
    let count = 0;
    // A task may run this loop itself, which uses the array.
    const pairs = n === 1 ? [this.#out[0]!, this.#out[1]!] : Array.from(this.#out.subarray(0, 2 * n));
    for (let i = 0; i < pairs.length && n > 0; i += 2) {
      count += this.#watches.get(pairs[i]!)?.dispatch(pairs[i + 1]!) ?? 0;
    }
    count += this.#runTimers();
    throwNow();
    return count;
  }

  /** Goes round until stop(). */
  run(): void {
    this.#stopped = false;
    while (!this.#stopped) this.runOnce();
  }

  /** Ends run(), from within a task. */
  stop(): void {
    this.#stopped = true;
  }

  /** Ends the present wait, or the next one. */
  wake(): void {
    this.#reactor.wake();
  }

  /** To be called after the objects that it drives are closed. */
  close(): void {
    this.#timers.clear();
    this.#watches.clear();
    this.#reactor.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #runTimers(): number {
    if (this.#timers.size === 0) return 0;
    let count = 0;
    const now = performance.now();
    for (const timer of [...this.#timers]) {
      if (timer.due > now || !this.#timers.delete(timer)) continue;
      timer.task();
      count++;
    }
    return count;
  }
}
