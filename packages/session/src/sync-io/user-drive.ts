// What a session in the sync_io pattern is driven by: the user's event-wait function (features 19, 20).
import type { LoopTimer } from '@flow-ipc/core';
import {
  type EventWaitFunc,
  type EventWaitHandle,
  type EventWaitHandleFactory,
  EventWaitLoop,
} from '@flow-ipc/core/sync-io';
import type { Drive } from '../drive.js';

/** The user's functions, from which each session gets waits of its own. */
export class UserFunctions<H extends EventWaitHandle> {
  #factory: EventWaitHandleFactory<H> | undefined;
  #eventWait: EventWaitFunc<H> | undefined;

  get started(): boolean {
    return this.#eventWait !== undefined;
  }

  /** False once started. */
  replaceHandles(factory: EventWaitHandleFactory<H>): boolean {
    if (this.started) return false;
    this.#factory = factory;
    return true;
  }

  /** False when started already. */
  start(eventWait: EventWaitFunc<H>): boolean {
    if (this.started) return false;
    this.#eventWait = eventWait;
    return true;
  }

  newLoop(): EventWaitLoop<H> {
    const loop = new EventWaitLoop<H>();
    if (this.#factory) loop.replaceHandles(this.#factory);
    return loop;
  }

  newDrive(): UserDrive<H> {
    const loop = this.newLoop();
    loop.start('rcv', this.#eventWait!);
    loop.start('snd', this.#eventWait!);
    return new UserDrive(loop);
  }
}

/** One descriptor tells of all time-outs. */
export class UserDrive<H extends EventWaitHandle> implements Drive {
  readonly loop: EventWaitLoop<H>;
  readonly #timer: LoopTimer;
  readonly #timeouts = new Set<{ due: number; task: () => void }>();
  #closed = false;

  constructor(loop: EventWaitLoop<H>) {
    this.loop = loop;
    this.#timer = loop.timer(() => this.#onTimer(), 'rcv');
  }

  after(ms: number, task: () => void): () => void {
    if (ms === Number.POSITIVE_INFINITY) return () => {};
    const timeout = { due: performance.now() + ms, task };
    this.#timeouts.add(timeout);
    this.#arm();
    return () => {
      if (this.#timeouts.delete(timeout)) this.#arm();
    };
  }

  close(): void {
    this.#closed = true;
    this.#timeouts.clear();
    this.loop.close();
  }

  #arm(): void {
    let due = Number.POSITIVE_INFINITY;
    for (const timeout of this.#timeouts) due = Math.min(due, timeout.due);
    if (due === Number.POSITIVE_INFINITY) this.#timer.stop();
    else this.#timer.start(Math.max(0, due - performance.now()));
  }

  #onTimer(): void {
    const now = performance.now();
    const due = [...this.#timeouts].filter((timeout) => timeout.due <= now);
    for (const timeout of due) this.#timeouts.delete(timeout);
    if (this.#timeouts.size > 0) this.#arm();
    for (const { task } of due) if (!this.#closed) task();
  }
}
