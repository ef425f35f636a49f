// The report: what was measured, on what, and every figure.
import type { Facts } from '../machine.js';
import type { BenchResult } from '../results.js';
import { TRIM_FROM } from '../stats.js';
import { reasons } from './reasons.js';
import { losses, rows, verdict } from './rows.js';
import { outcomeWords } from './table.js';
import { figure, title } from './words.js';

export interface Report {
  facts: Facts;
  mode: string;
  started: Date;
  loads: { before: string; after: string };
  results: readonly BenchResult[];
  /** File names of the charts beside the report, with what they show. */
  charts: { file: string; caption: string }[];
}

/** Cells may hold anything but the sign that separates them. */
const row = (cells: readonly string[]) =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function table(
  head: readonly string[],
  aligns: readonly string[],
  body: readonly (readonly string[])[],
): string {
  return [row(head), row(aligns), ...body.map(row)].join('\n');
}

/** Our best against the best alternative; also what the manual quotes. */
export function summaryMarkdown(results: readonly BenchResult[]): string {
  const body = results.flatMap((result) => {
    const one = verdict(result);
    if (!one) return [];
    const shown = (subject: string) => figure(result.summary(subject)!.median, result.bench);
    const floor = result.floor === null ? 'failed' : figure(result.floor, result.bench);
    return [
      [title(result.bench), one.ours, shown(one.ours), one.other, shown(one.other), floor, outcomeWords(one)],
    ];
  });
  return table(
    ['bench', 'best of ours', 'median', 'best alternative', 'median', 'C floor', 'ours is'],
    ['---', '---', '---:', '---', '---:', '---:', '---'],
    body,
  );
}

function lossesMarkdown(results: readonly BenchResult[]): string {
  const all = losses(results);
  if (all.length === 0) return 'Nowhere in this run.';
  const body = all.map((loss) => {
    const { result, ours, others } = loss;
    const shown = (subject: string) =>
      `${subject} (${figure(result.summary(subject)!.median, result.bench)})`;
    const names = ours.map(shown).join(', ');
    return [
      title(result.bench),
      loss.overall ? `**${names}**` : names,
      others.map(shown).join(', '),
      reasons(loss).join('; '),
    ];
  });
  return [
    'Each of our layers is compared, not only the best one for a work; where even that one is behind it is in bold.',
    table(['bench', 'ours', 'ahead of it', 'why'], ['---', '---', '---', '---'], body),
  ].join('\n\n');
}

function benchMarkdown(result: BenchResult): string {
  const body = rows(result).map(({ place, subject, family, median, range, ofFloor, rounds }) => [
    place,
    family === 'ours' ? `**${subject}**` : subject,
    median,
    range,
    ofFloor,
    rounds,
  ]);
  const head = ['', 'subject', 'median', 'min – max', 'of floor', 'rounds'];
  return `### ${title(result.bench)}\n\n${table(head, ['---:', '---', '---:', '---', '---:', '---:'], body)}`;
}

export function markdown({ facts, mode, started, loads, results, charts }: Report): string {
  const parts = [
    '# Flow-IPC and what people would use instead',
    `Written by \`npm run bench\` (${mode}) on ${started.toISOString().slice(0, 10)}. ` +
      'What each bench does, and what the figures mean and do not mean, is in ' +
      '[the manual](../../docs/performance.md).',
    '## The machine',
    table(
      ['', ''],
      ['---', '---'],
      [...facts, ['load average', `${loads.before} before, ${loads.after} after (1, 5, 15 minutes)`]],
    ),
    '## In short',
    summaryMarkdown(results),
    `A sample is the median of a batch, a figure the median over rounds in which every subject had its turn. Two subjects tie when the ranges of their rounds overlap; from ${TRIM_FROM} rounds on, each one's best and worst round are left out of that. A place is one more than the number of subjects that are better and do not tie; "=" means that others share it.`,
    '## Where an alternative is ahead of one of ours',
    lossesMarkdown(results),
    ...(charts.length > 0 ? ['## Charts'] : []),
    ...charts.map(({ file, caption }) => `![${caption}](${file})`),
    '## Every figure',
    ...results.map(benchMarkdown),
  ];
  return `${parts.join('\n\n')}\n`;
}
