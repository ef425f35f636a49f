// From times to lines: median, least, 99th percentile, most.

export interface Line {
  bench: string;
  subject: string;
  unit: string;
  median: number;
  min: number;
  p99: number;
  max: number;
  n: number;
  /** Median of the floor in the same rounds. */
  floor: number;
  /** What the median is to be below on an idle machine. */
  target?: number;
}

const round = (value: number): number => Math.round(value * 10) / 10;
const at = (sorted: readonly number[], part: number): number =>
  round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!);

export function linesOf(times: ReadonlyMap<string, readonly number[]>, floor: string): Line[] {
  const sorted = [...times].map(([subject, all]) => [subject, all.toSorted((a, b) => a - b)] as const);
  const least = sorted.find(([subject]) => subject === floor)![1];
  return sorted.map(([subject, all]) => ({
    bench: 'sessions',
    subject,
    unit: 'us',
    median: at(all, 0.5),
    min: at(all, 0),
    p99: at(all, 0.99),
    max: at(all, 1),
    n: all.length,
    floor: at(least, 0.5),
    ...targetOf(subject),
  }));
}

function targetOf(subject: string): { target?: number } {
  if (subject.endsWith('open a session')) return { target: subject.startsWith('SHM-jemalloc') ? 5000 : 3000 };
  return subject.includes('open a channel') ? { target: 1000 } : {};
}
