// Puts the figures of a run into the page of the manual that explains them.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { summaryMarkdown } from './report/markdown.js';
import type { BenchResult } from './results.js';

/** Seen from the built command. */
const PAGE = fileURLToPath(new URL('../../../docs/performance.md', import.meta.url));

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

/** The path of the page. */
export function publishFigures(results: readonly BenchResult[], measured: Date): string {
  const figures = `Measured on ${measured.toISOString().slice(0, 10)}; the machine is described in [the report](../benchmarks/results/report.md).\n\n${summaryMarkdown(results)}`;
  writeFileSync(PAGE, replaceFigures(readFileSync(PAGE, 'utf8'), figures));
  return PAGE;
}
