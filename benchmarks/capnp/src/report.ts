// Results as a table for people, or as JSON lines.

import type { Result } from './measure.js';

const round = (us: number): number => Number(us.toPrecision(4));

export function jsonLine({ bench, subject, unit, median, min, max, n }: Result): string {
  return JSON.stringify({ bench, subject, unit, median: round(median), min: round(min), max: round(max), n });
}

/** One table for each benchmark, fastest first; `times` compares with the first subject of `results`. */
export function table(results: readonly Result[]): string {
  const benches = [...new Set(results.map(({ bench }) => bench))];
  return benches
    .map((bench) =>
      section(
        bench,
        results.filter((result) => result.bench === bench),
      ),
    )
    .join('\n');
}

function section(bench: string, results: readonly Result[]): string {
  const [own] = results;
  const lines = [...results]
    .sort((a, b) => a.median - b.median)
    .map(({ subject, median, min, max }) =>
      [
        subject.padEnd(18),
        ...[median, min, max].map((us) => String(round(us)).padStart(10)),
        (median / own!.median).toFixed(1).padStart(8),
      ].join(''),
    );
  const head = [
    'us per message'.padEnd(18),
    ...['median', 'min', 'max'].map((s) => s.padStart(10)),
    '   times',
  ].join('');
  return [`${bench} (${own!.n} rounds)`, head, ...lines, ''].join('\n');
}
