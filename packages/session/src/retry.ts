// Trying again until there is a server (feature 165: the original leaves this to its users).
import { setTimeout as sleep } from 'node:timers/promises';
import { abortedError, type FlowIpcError } from '@flow-ipc/core';
import { SessionError } from './errors.js';

export interface RetryOptions {
  /** Gives up so long after the first attempt, with the last attempt's error. @default Infinity */
  timeoutMs?: number;
  /** Pause after the first failure; each further one is twice as long. @default 50 */
  minDelayMs?: number;
  /** Longest pause. @default 1000 */
  maxDelayMs?: number;
}

/** Only what passes by itself: no server yet, one that just died, one whose queue of connections is full. */
const PASSING = new Set<string>([SessionError.SERVER_NOT_RUNNING, SessionError.SERVER_BUSY]);

/** Runs `attempt` until it does not fail with something that passes. An abort is ERR_FLOW_IPC_ABORTED. */
export async function withRetry<R>(
  attempt: () => Promise<R>,
  retry: boolean | RetryOptions | undefined,
  signal: AbortSignal | undefined,
): Promise<R> {
  if (!retry) return attempt();
  const {
    timeoutMs = Number.POSITIVE_INFINITY,
    minDelayMs = 50,
    maxDelayMs = 1000,
  } = retry === true ? {} : retry;
  const deadline = performance.now() + timeoutMs;
  for (let delay = minDelayMs; ; delay = Math.min(delay * 2, maxDelayMs)) {
    try {
      return await attempt();
    } catch (err) {
      if (!PASSING.has((err as FlowIpcError).code) || performance.now() + delay > deadline) throw err;
    }
    try {
      // Up to a half more, so that many clients of a server that restarts do not come all at once.
      await sleep(delay * (1 + Math.random() / 2), undefined, signal ? { signal } : {});
    } catch (err) {
      throw signal?.aborted ? abortedError(signal) : err;
    }
  }
}
