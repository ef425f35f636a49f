// Runs what the command line asks for and shows the results.
import { resolve } from 'node:path';
import { formatDuration, formatSize } from '@flow-ipc/bench-kit';
import { writeChart } from './chart.js';
import { digestOf } from './digest.js';
import { type Progress, progress } from './progress.js';
import { type Result, type Skipped, toJsonLine } from './results.js';
import { noRoom } from './room.js';
import { run } from './run.js';
import { MAX_SIZE } from './sizes.js';
import { memoryTable, resultTable, sessionMemory } from './table.js';
import { type Technique, TITLES } from './techniques.js';

export interface Options {
  sizes: number[];
  shots: number;
  techniques: Technique[];
  file?: string;
  out: string;
  json: boolean;
}

/** The exit code: 0, or 1 when nothing could be run. Error when a run failed. */
export async function demo(options: Options, signal: AbortSignal): Promise<number> {
  const display = progress(process.stderr);
  const results: Result[] = [];
  const skipped: Skipped[] = [];
  try {
    await runAll(options, signal, display, results, skipped);
  } finally {
    display.stop();
  }
  if (!options.json && results.length > 0) await show(options, results, skipped);
  if (results.length === 0) process.stderr.write('Nothing was run.\n');
  return results.length > 0 ? 0 : 1;
}

async function runAll(
  { sizes, shots, techniques, json, ...options }: Options,
  signal: AbortSignal,
  display: Progress,
  results: Result[],
  skipped: Skipped[],
): Promise<void> {
  const path = options.file === undefined ? undefined : resolve(options.file);
  const real = path === undefined ? undefined : await digestOf(path);
  if (real && real.size > MAX_SIZE) throw new RangeError(`${path} is larger than ${formatSize(MAX_SIZE)}`);
  for (const size of real ? [real.size] : sizes) {
    for (const technique of techniques) {
      display.begin(`${formatSize(size)}, ${TITLES[technique]}`);
      const reason = noRoom(size, technique);
      if (reason !== undefined) {
        skipped.push({ size, technique, reason });
        display.end(`skipped: ${reason}`, false);
        continue;
      }
      const onProgress = (what: string) => display.update(what);
      const file = real && { path: real.path, digest: real.digest };
      const result = await run({ technique, size, shots, onProgress, signal, ...(file && { file }) });
      results.push(result);
      display.end(
        `${formatDuration(result.rttUs.median)}; ${result.chunks} chunks verified in each of ${shots} shots`,
        true,
      );
      if (json) process.stdout.write(`${toJsonLine(result)}\n`);
    }
  }
}

async function show(
  options: Options,
  results: readonly Result[],
  skipped: readonly Skipped[],
): Promise<void> {
  const colours = process.stdout.isTTY === true && !process.env.NO_COLOR;
  const print = (text: string) => process.stdout.write(`${text}\n`);
  print(
    `\nRound trips: median (fastest – slowest) of ${options.shots} shots, every chunk's size and hash verified`,
  );
  print(resultTable(results, skipped, colours));
  for (const { size, technique, reason } of skipped)
    print(`skipped ${formatSize(size)} ${technique}: ${reason}`);
  print(`\nMemory: ${sessionMemory(results)}`);
  print(memoryTable(results, colours));
  const { svg, png } = await writeChart(results, resolve(options.out));
  print(`\nchart: ${svg}\n       ${png}`);
}
