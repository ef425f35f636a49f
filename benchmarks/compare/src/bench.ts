// Runs what the command line asks for, shows it as it comes, and writes the report.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onOneProcessor } from '@flow-ipc/bench-kit/processors';
import { allCases, applies, type Case, onlyFilter, quickCases, smokeCases } from './cases.js';
import { load, machine } from './machine.js';
import { PLANS } from './plan.js';
import { type Progress, progress } from './progress.js';
import { publishFigures } from './publish.js';
import { writeCharts } from './report/charts.js';
import { markdown } from './report/markdown.js';
import { benchTable, summaryTable } from './report/table.js';
import { type BenchResult, toJsonLine } from './results.js';
import { compileFloor } from './run/floor-program.js';
import { measure } from './run/measure.js';
import { FLOOR, SUBJECTS, type Subject } from './subjects.js';

export interface Options {
  mode: keyof typeof PLANS;
  /** See onlyFilter(). */
  only?: string;
  json: boolean;
  /** Where report, charts and lines go. */
  out: string;
  /** Also write the figures into the manual. */
  publish: boolean;
}

const CASES = { full: allCases, quick: quickCases, smoke: smokeCases };

/** The exit code: 0; 1 when a subject failed; Error when there is nothing to measure. */
export async function bench(options: Options, signal: AbortSignal): Promise<number> {
  const display = progress(process.stderr);
  const started = new Date();
  const before = load();
  const floor = compileFloor();
  const results: BenchResult[] = [];
  try {
    for (const [work, subjects] of chosen(options)) {
      results.push(...(await runCase(work, subjects, floor.program, { ...options, display, signal })));
    }
  } finally {
    rmSync(floor.folder, { recursive: true, force: true });
  }
  if (results.length === 0) throw new RangeError(`--only ${options.only} leaves nothing to measure`);
  if (!options.json) await report(options, results, { started, before });
  return results.some(hasFailure) ? 1 : 0;
}

/** Cases with their subjects. The floor is always there: it is what the others are held against. */
function chosen({ mode, only = '*' }: Options): [Case, Subject[]][] {
  const wanted = onlyFilter(only);
  return CASES[mode]().flatMap((work): [Case, Subject[]][] => {
    const asked = SUBJECTS.filter(
      (subject) => applies(work, subject) && work.benches.some(({ name }) => wanted(name, subject.name)),
    );
    if (asked.length === 0) return [];
    const [floor] = SUBJECTS.filter(({ name }) => name === FLOOR);
    return [[work, asked.includes(floor!) ? asked : [floor!, ...asked]]];
  });
}

async function runCase(
  work: Case,
  subjects: Subject[],
  floor: string,
  { mode, only = '*', json, display, signal }: Options & { display: Progress; signal: AbortSignal },
): Promise<BenchResult[]> {
  const begun = performance.now();
  display.begin(work.benches[0]!.name);
  let all: BenchResult[];
  try {
    const onProgress = (what: string) => display.update(what);
    const run = () => measure(work, subjects, { plan: PLANS[mode], floor, onProgress, signal });
    all = await (work.together ? onOneProcessor(run) : run());
  } finally {
    display.clear();
  }
  const wanted = onlyFilter(only);
  const results = all.filter(({ bench }) => subjects.some(({ name }) => wanted(bench.name, name)));
  display.end(`${subjects.length} subjects in ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  for (const result of results) {
    if (!json) process.stdout.write(`${benchTable(result, colours())}\n\n`);
    else for (const subject of result.subjects) process.stdout.write(`${toJsonLine(result, subject)}\n`);
  }
  return results;
}

const colours = () => process.stdout.isTTY === true && !process.env.NO_COLOR;

const hasFailure = ({ failures }: BenchResult) => failures.size > 0;

async function report(
  options: Options,
  results: readonly BenchResult[],
  { started, before }: { started: Date; before: string },
): Promise<void> {
  const { out, mode, only, publish } = options;
  const print = (text: string) => process.stdout.write(`${text}\n`);
  const summary = summaryTable(results, colours());
  if (summary) print(`Best of ours and best alternative:\n${summary}`);
  // Before anything is written: it tells whether files were changed.
  const facts = await machine();
  mkdirSync(out, { recursive: true });
  const charts = await writeCharts(results, out);
  const text = markdown({
    facts,
    mode: only === undefined ? mode : `${mode}, only ${only}`,
    started,
    loads: { before, after: load() },
    results,
    charts,
  });
  const path = join(out, 'report.md');
  writeFileSync(path, text);
  const lines = results.flatMap((result) =>
    result.subjects.map((subject) => `${toJsonLine(result, subject)}\n`),
  );
  writeFileSync(join(out, 'results.jsonl'), lines.join(''));
  print(`\nreport: ${path}\nload average: ${before} before, ${load()} after`);
  if (publish) print(`manual: ${publishFigures(results, started)}`);
}
