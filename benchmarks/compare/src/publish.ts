// Puts the figures of a run into the page of the manual that explains them, and some of them into the README.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { summaryMarkdown } from './report/markdown.js';
import type { BenchResult } from './results.js';

/** Seen from the built command. */
const [MANUAL, README] = ['docs/performance.md', 'README.md'].map((path) =>
  fileURLToPath(new URL(`../../../${path}`, import.meta.url)),
) as [string, string];

/** What the README shows: small and large, there and back and one way, and what is not our strength. Bench and unit. */
export const QUOTED: readonly [string, string][] = [
  ['round-trip/64B', 'µs'],
  ['round-trip/1MiB', 'µs'],
  ['ready/100MiB', 'µs'],
  ['one-way/64B', 'messages/s'],
  ['one-way/100MiB', 'MB/s'],
  ['payload/perf-demo', 'µs'],
  ['clients/64', 'round trips/s'],
  ['open', 'µs'],
];

const BEGIN = '<!-- figures: written by npm run bench -- --publish -->';
const END = '<!-- end of the figures -->';

/** What stands between the two marks is replaced. Error when the page has no such place. */
export function replaceFigures(page: string, figures: string): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from)
    throw new Error(`the page has no place for figures, between '${BEGIN}' and '${END}'`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${figures}\n\n${page.slice(to)}`;
}

/** The path of the page of the manual. */
export function publishFigures(results: readonly BenchResult[], measured: Date): string {
  const quoted = results.filter(({ bench }) =>
    QUOTED.some(([name, unit]) => bench.name === name && bench.unit === unit),
  );
  // A run of a few benches does not leave holes there.
  if (quoted.length === QUOTED.length) replaceIn(README, summaryMarkdown(quoted));
  const figures = `Measured on ${measured.toISOString().slice(0, 10)}; the machine is described in [the report](../benchmarks/results/report.md).\n\n${summaryMarkdown(results)}`;
  replaceIn(MANUAL, figures);
  return MANUAL;
}

function replaceIn(path: string, figures: string): void {
  writeFileSync(path, replaceFigures(readFileSync(path, 'utf8'), figures));
}
