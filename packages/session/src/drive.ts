// What drives a session: descriptors and timers, of this thread's event loop or of the user's own.
import { abortedError, type EventLoop, onAbort, uvEventLoop } from '@flow-ipc/core';
import type { Wait } from './steps.js';

export interface Drive {
  /** For the descriptors of one session, or of one server. */
  readonly loop: EventLoop;
  /** Runs the task in so many milliseconds; the result calls that off. */
  after(ms: number, task: () => void): () => void;
  /** To be called when nothing is driven any more. */
  close(): void;
}

/** More than Node's timers can is no limit. */
const MAX_MS = 2 ** 31 - 1;

/** This thread's event loop. A timer keeps the process alive: somebody waits for what it brings. */
export const nodeDrive: Drive = {
  loop: uvEventLoop,
  after(ms, task) {
    if (ms > MAX_MS) return () => {};
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
  close() {},
};

export function pause(drive: Drive, ms: number, signal: AbortSignal | undefined): Wait<void> {
  return (done) => {
    if (signal?.aborted) throw abortedError(signal);
    const stop = drive.after(ms, () => {
      forget();
      done(undefined);
    });
    const forget = onAbort(signal, (error) => {
      stop();
      done(error);
    });
  };
}
