// The event-wait function of the sync_io pattern, and the loop that transports see on top of it (features 16, 19, 20).
import { closeFd, disownFd, ownFd, timerFd, timerFdSet } from '@flow-ipc/native';
import type { Direction, EventLoop, FdWatch, LoopTimer } from '../event-loop/event-loop.js';
import { throwNow } from '../event-loop/throw-later.js';

/** What stands for a descriptor to be watched. `close` is called before the descriptor is closed. */
export interface EventWaitHandle {
  readonly fd: number;
  close?(): void;
}

/**
 * Written by the user: asks for `task` to be run once, when the descriptor is ready for the direction (an error or
 * hang-up counts as ready). The interest is one-off: it is forgotten as the task is run. Never calls it at once.
 *
 * A transport's timers are descriptors too, so a poll loop sees nothing else.
 */
export type EventWaitFunc<H extends EventWaitHandle = EventWaitHandle> = (
  handle: H,
  direction: Direction,
  task: () => void,
) => void;

/** Makes the objects that the user's function is given, bound to the user's own loop for instance. */
export type EventWaitHandleFactory<H extends EventWaitHandle> = (fd: number) => H;

/** One object's waits, put to the user's functions: one for each direction, once it has been started. */
export class EventWaitLoop<H extends EventWaitHandle = EventWaitHandle> implements EventLoop {
  #factory: EventWaitHandleFactory<H> = (fd) => ({ fd }) as H;
  readonly #functions: Partial<Record<Direction, EventWaitFunc<H>>> = {};
  /** Asked for before the direction was started. */
  readonly #early: { direction: Direction; ask: () => void }[] = [];
  readonly #timers = new Set<FdTimer<H>>();

  /** False once any direction is started. */
  replaceHandles(factory: EventWaitHandleFactory<H>): boolean {
    if (this.#functions.rcv || this.#functions.snd) return false;
    this.#factory = factory;
    return true;
  }

  started(direction: Direction): boolean {
    return this.#functions[direction] !== undefined;
  }

  /** False when started already. */
  start(direction: Direction, eventWait: EventWaitFunc<H>): boolean {
    if (this.#functions[direction]) return false;
    this.#functions[direction] = eventWait;
    for (const early of this.#early.splice(0)) {
      if (early.direction === direction) early.ask();
      else this.#early.push(early);
    }
    return true;
  }

  handle(fd: number): H {
    return this.#factory(fd);
  }

  /** `asker` is the half of the transport that waits; `direction` what it waits for. */
  ask(asker: Direction, handle: H, direction: Direction, task: () => void): void {
    const eventWait = this.#functions[asker];
    if (eventWait) eventWait(handle, direction, task);
    else this.#early.push({ direction: asker, ask: () => this.ask(asker, handle, direction, task) });
  }

  watch(fd: number, half?: Direction): FdWatch {
    return new EventWaitWatch(this, fd, half);
  }

  timer(task: () => void, direction: Direction): LoopTimer {
    const timer = new FdTimer(this, task, direction);
    this.#timers.add(timer);
    return timer;
  }

  /** Gives back the timers' descriptors: the user has forgotten all waits by now. */
  close(): void {
    for (const timer of this.#timers) timer.release();
    this.#timers.clear();
    this.#early.length = 0;
  }
}

/** A direction's interest: asked for at most once at a time, whatever the transport does meanwhile. */
class Interest {
  task: (() => void) | undefined;
  asked = false;
  readonly fire: () => void;

  constructor() {
    this.fire = () => {
      this.asked = false;
      const { task } = this;
      this.task = undefined;
      task?.();
      throwNow();
    };
  }
}

class EventWaitWatch<H extends EventWaitHandle> implements FdWatch {
  readonly #loop: EventWaitLoop<H>;
  readonly #handle: H;
  readonly #half: Direction | undefined;
  readonly #interests: Record<Direction, Interest> = { rcv: new Interest(), snd: new Interest() };
  #closed = false;
  crossings = 0;

  constructor(loop: EventWaitLoop<H>, fd: number, half: Direction | undefined) {
    this.#loop = loop;
    this.#half = half;
    this.#handle = loop.handle(fd);
  }

  wait(direction: Direction, task: () => void): void {
    const interest = this.#interests[direction];
    interest.task = task;
    if (interest.asked) return;
    interest.asked = true;
    this.crossings++;
    this.#loop.ask(this.#half ?? direction, this.#handle, direction, interest.fire);
  }

  ref(): void {}

  unref(): void {}

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#interests.rcv.task = this.#interests.snd.task = undefined;
    this.#handle.close?.();
  }
}

/** A timerfd. It stays open until the transport is closed, so that the user never watches a closed descriptor. */
class FdTimer<H extends EventWaitHandle> implements LoopTimer {
  readonly #loop: EventWaitLoop<H>;
  readonly #task: () => void;
  readonly #direction: Direction;
  #handle: H | undefined;
  #asked = false;
  #running = false;

  constructor(loop: EventWaitLoop<H>, task: () => void, direction: Direction) {
    this.#loop = loop;
    this.#task = task;
    this.#direction = direction;
  }

  start(ms: number): void {
    this.#handle ??= this.#newHandle();
    this.#running = true;
    timerFdSet(this.#handle.fd, ms);
    if (this.#asked) return;
    this.#asked = true;
    this.#loop.ask(this.#direction, this.#handle, 'rcv', this.#onActive);
  }

  #newHandle(): H {
    const fd = timerFd();
    ownFd(fd);
    return this.#loop.handle(fd);
  }

  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    timerFdSet(this.#handle!.fd, -1);
  }

  close(): void {
    this.stop();
  }

  release(): void {
    this.#running = false;
    if (!this.#handle) return;
    this.#handle.close?.();
    disownFd(this.#handle.fd);
    closeFd(this.#handle.fd);
    this.#handle = undefined;
  }

  readonly #onActive = (): void => {
    this.#asked = false;
    if (!this.#running) return;
    // Setting it takes back that it is readable.
    this.stop();
    this.#task();
    throwNow();
  };
}
