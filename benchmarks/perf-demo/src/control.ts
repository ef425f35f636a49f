// What the command and the two processes tell each other over Node's own ipc channel: never data, never timed.
import { on } from 'node:events';
import type { SessionMemory } from './results.js';
import type { Technique } from './techniques.js';

/** What a process is to do; its only argument, as JSON. */
export interface Job {
  technique: Technique;
  size: number;
  shots: number;
  runDir: string;
  /** A real file to serve, or undefined for a synthetic one. */
  file?: string;
}

export type ServerReport =
  | { type: 'listening' }
  | { type: 'open'; memory: SessionMemory; shmBefore: number; shmOpen: number }
  | { type: 'serving'; shmServing: number }
  | { type: 'done'; ownPeak: number };

export type ClientReport =
  | { type: 'open'; memory: SessionMemory }
  | { type: 'shot'; rttUs: number }
  | { type: 'verified'; chunks: number; digest?: string }
  | { type: 'done'; ownPeak: number };

/**
 * What the command tells a process. `next`: it has dealt with the last shot's report and is at rest, so that the next
 * shot has the processors to itself. `finish`: the client has seen all it wanted, its leaving is no fault any more.
 * `leave`: close the session and go; the client is told first.
 */
export type Order = { type: 'next' } | { type: 'finish' } | { type: 'leave' };

/** The orders to this process, from now on. */
export function orders(): { next(wanted: Order['type']): Promise<void> } {
  const incoming = on(process, 'message');
  return {
    async next(wanted) {
      const { value } = await incoming.next();
      const [order] = value as [Order];
      if (order.type !== wanted) throw new Error(`told to ${order.type} instead of ${wanted}`);
    },
  };
}

export function readJob(): Job {
  return JSON.parse(process.argv[2] ?? 'null') as Job;
}

export function report(message: ServerReport | ClientReport): void {
  process.send?.(message);
}

/**
 * Ties this process's life to the command's. When the command dies, or anybody ends us by a signal, `clean` runs
 * (nothing of a gigabyte may stay in /dev/shm) and the process ends with code 1. The function returned unties.
 */
export function liveWithCommand(clean: () => Promise<void>): () => void {
  const end = () => {
    // Whatever it fails with, we go; the next server sweeps what is left.
    clean().then(
      () => process.exit(1),
      () => process.exit(1),
    );
  };
  process.once('disconnect', end);
  // A terminal sends SIGINT to us as well as to the command.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  return () => {
    process.off('disconnect', end);
    process.disconnect();
  };
}
