// How long a call waits: a time-out, a deadline, a signal, or whichever of them is first.
import { abortedError, FlowIpcError, onAbort, TransportError } from '@flow-ipc/core';

export interface PatienceOptions {
  /** Gives up after so many milliseconds with ERR_FLOW_IPC_TIMEOUT. More than 2^31 - 1 is no limit. */
  timeoutMs?: number;
  /** Gives up at that moment with ERR_FLOW_IPC_TIMEOUT: a Date, or milliseconds as of Date.now(). */
  deadline?: Date | number;
  /** Gives up when it aborts, with ERR_FLOW_IPC_ABORTED (an error named AbortError). */
  signal?: AbortSignal;
}

/** The longest that Node's timers can. */
const MAX_MS = 2 ** 31 - 1;

/** Milliseconds left: 0 or less when it is too late, Infinity for no limit. RangeError when that makes no sense. */
export function millisecondsLeft({ timeoutMs, deadline }: PatienceOptions): number {
  let left = Number.POSITIVE_INFINITY;
  if (timeoutMs !== undefined) {
    if (!(timeoutMs >= 0)) throw new RangeError(`timeoutMs is no duration: ${timeoutMs}`);
    left = timeoutMs;
  }
  if (deadline !== undefined) {
    const until = Number(deadline) - Date.now();
    if (Number.isNaN(until)) throw new RangeError(`Not a deadline: ${deadline}`);
    left = Math.min(left, Math.max(0, until));
  }
  return left > MAX_MS ? Number.POSITIVE_INFINITY : left;
}

/** Throws when there is no patience left at all. A `timeoutMs` of 0 still asks, and gives up in the next turn. */
export function checkPatience(options: PatienceOptions): void {
  const { signal, deadline } = options;
  if (signal?.aborted) throw abortedError(signal);
  const left = millisecondsLeft(options);
  if (deadline !== undefined && left <= 0) throw timedOut(0);
}

/** Calls `giveUp` once when patience ends; the result calls that off. */
export function startPatience(options: PatienceOptions, giveUp: (error: FlowIpcError) => void): () => void {
  const ms = millisecondsLeft(options);
  let timer: NodeJS.Timeout | undefined;
  const stop = () => {
    clearTimeout(timer);
    forgetSignal();
  };
  const end = (error: FlowIpcError) => {
    stop();
    giveUp(error);
  };
  const forgetSignal = onAbort(options.signal, end);
  if (ms !== Number.POSITIVE_INFINITY) timer = setTimeout(() => end(timedOut(ms)), ms);
  return stop;
}

export const isPatient = ({ signal, timeoutMs, deadline }: PatienceOptions): boolean =>
  signal === undefined && timeoutMs === undefined && deadline === undefined;

export function timedOut(ms: number): FlowIpcError {
  return new FlowIpcError(TransportError.TIMEOUT, `Nothing came within ${Math.round(ms)} ms`);
}
