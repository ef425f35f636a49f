// Blocks a thread until one of several pipes can go on.
import { pollFd, pollFds } from '@flow-ipc/native';
import { endTurn } from './event-loop/turn.js';
import type { Pipe } from './transport.js';

/**
 * Blocks until something came on one of the pipes (which is then in its sink), queued bytes could leave, or
 * `timeoutMs` (Infinity: no limit) passed. Where all that was queued leaves at once it only looks whether something
 * came: a caller that waits for room has it. What else must not stop meanwhile, pings, is seen to by the caller.
 */
export function waitForPipes(pipes: readonly Pipe[], timeoutMs: number): void {
  if (pipes.length === 1) {
    const only = pipes[0]!;
    if (only.waitReadable) only.waitReadable(timeoutMs);
    else waitForPipe(only, timeoutMs);
    return;
  }
  const queued = pipes.some(hasQueued);
  endTurn();
  let ms = timeoutMs;
  let handedOut = false;
  const interests = pipes.map((pipe) => {
    const events = pipe.beforePoll();
    if (events < 0) handedOut = true;
    ms = Math.min(ms, pipe.untilDue());
    return Math.max(events, 0);
  });
  if (handedOut) return;
  if (queued && !pipes.some(hasQueued)) ms = 0;
  const set = new Int32Array(pipes.length * 3);
  pipes.forEach((pipe, i) => {
    set[3 * i] = pipe.pollFd;
    set[3 * i + 1] = interests[i]!;
  });
  pollFds(set, toPoll(ms));
  pipes.forEach((pipe, i) => {
    if (!pipe.closed) pipe.afterPoll(set[3 * i + 2]!);
  });
}

/** The same for one that has no way of its own. */
export function waitForPipe(pipe: Pipe, timeoutMs: number): void {
  const queued = hasQueued(pipe);
  endTurn();
  const events = pipe.beforePoll();
  if (events < 0) return;
  const ms = queued && !hasQueued(pipe) ? 0 : Math.min(timeoutMs, pipe.untilDue());
  pipe.afterPoll(Math.max(0, pollFd(pipe.pollFd, events, toPoll(ms))));
}

const toPoll = (ms: number): number => (ms === Number.POSITIVE_INFINITY ? -1 : Math.max(0, ms));

const hasQueued = ({ queuedBytes }: Pipe): boolean => queuedBytes !== undefined && queuedBytes > 0;
