// A bench as a table in the terminal, and what all of them come to.
import Table from 'cli-table3';
import type { BenchResult } from '../results.js';
import { rows, type Verdict, verdict } from './rows.js';
import { factor, figure, title } from './words.js';

const style = (colours: boolean) => ({
  head: colours ? ['bold'] : [],
  border: colours ? ['grey'] : [],
  compact: true,
});

export function benchTable(result: BenchResult, colours: boolean): string {
  const table = new Table({
    head: ['', 'subject', title(result.bench), 'min – max', 'of floor', 'rounds'],
    colAligns: ['right', 'left', 'right', 'left', 'right', 'right'],
    style: style(colours),
  });
  for (const { place, subject, median, range, ofFloor, rounds, family } of rows(result)) {
    const name = colours && family === 'ours' ? `\u001b[1m${subject}\u001b[22m` : subject;
    table.push([place, name, median, range, ofFloor, rounds]);
  }
  return table.toString();
}

const WORDS: Record<Verdict['outcome'], (by: number) => string> = {
  ahead: (by) => `ahead, ${factor(by, 1)}`,
  tie: () => 'tie',
  behind: (by) => `behind, ${factor(by, 1)}`,
};

export const outcomeWords = ({ outcome, by }: Verdict): string => WORDS[outcome](by);

/** Our best against the best alternative, a line a bench; undefined when nothing can be compared. */
export function summaryTable(results: readonly BenchResult[], colours: boolean): string | undefined {
  const verdicts = results.map(verdict).filter((one) => one !== undefined);
  if (verdicts.length === 0) return undefined;
  const table = new Table({
    head: ['bench', 'best of ours', '', 'best alternative', '', ''],
    colAligns: ['left', 'left', 'right', 'left', 'right', 'left'],
    style: style(colours),
  });
  for (const one of verdicts) {
    const { result, ours, other } = one;
    const shown = (subject: string) => figure(result.summary(subject)!.median, result.bench);
    table.push([title(result.bench), ours, shown(ours), other, shown(other), outcomeWords(one)]);
  }
  return table.toString();
}
