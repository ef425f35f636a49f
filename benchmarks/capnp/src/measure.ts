// Interleaved rounds: all subjects take turns, so that what else the machine does hits them alike.

import type { Task } from './workload.js';

export interface Result {
  readonly bench: string;
  readonly subject: string;
  readonly unit: 'us';
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Rounds. */
  readonly n: number;
}

export interface Plan {
  readonly rounds: number;
  /** How long a subject works in one round; a task repeats until then. */
  readonly roundMs: number;
  /** Rounds that are run before and not counted. */
  readonly warmUp: number;
}

/** Time per run of each task. */
export function measure(tasks: readonly Task[], plan: Plan): Result[] {
  const times = tasks.map((): number[] => []);
  for (let round = -plan.warmUp; round < plan.rounds; round++) {
    // The order turns, since who follows whom makes a difference to caches and collector.
    tasks.forEach((_, turn) => {
      const i = (((turn + round) % tasks.length) + tasks.length) % tasks.length;
      const time = timeOf(tasks[i]!, plan.roundMs);
      if (round >= 0) times[i]!.push(time);
    });
  }
  return tasks.map(({ bench, subject }, i) => summarize(bench, subject, times[i]!));
}

function timeOf(task: Task, roundMs: number): number {
  const start = performance.now();
  let runs = 0;
  let elapsed = 0;
  do {
    // Looking at the clock costs as much as a small task: in growing batches.
    const batch = Math.max(1, runs);
    for (let i = 0; i < batch; i++) task.run();
    runs += batch;
    elapsed = performance.now() - start;
  } while (elapsed < roundMs);
  return (elapsed * 1000) / runs;
}

function summarize(bench: string, subject: string, times: readonly number[]): Result {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return {
    bench,
    subject,
    unit: 'us',
    median,
    min: sorted[0]!,
    max: sorted[sorted.length - 1]!,
    n: sorted.length,
  };
}
