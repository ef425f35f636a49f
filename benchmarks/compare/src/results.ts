// What was measured: the samples of every bench and subject, and the lines that --json prints.
import type { Bench } from './cases.js';
import { median, type Summary, summarize } from './stats.js';
import { FLOOR } from './subjects.js';

/** One bench: the samples of each subject, a round each, or why it has none. */
export class BenchResult {
  readonly bench: Bench;
  readonly samples = new Map<string, number[]>();
  readonly failures = new Map<string, string>();

  constructor(bench: Bench) {
    this.bench = bench;
  }

  add(subject: string, sample: number): void {
    const samples = this.samples.get(subject);
    if (samples) samples.push(sample);
    else this.samples.set(subject, [sample]);
  }

  /** What a subject that fails had got so far does not count. */
  fail(subject: string, reason: string): void {
    this.samples.delete(subject);
    this.failures.set(subject, reason);
  }

  /** The median of the floor in the same rounds; null when it failed. */
  get floor(): number | null {
    const samples = this.samples.get(FLOOR);
    return samples ? median(samples) : null;
  }

  /** Everybody who was measured, or should have been. */
  get subjects(): string[] {
    return [...new Set([...this.samples.keys(), ...this.failures.keys()])];
  }

  summary(subject: string): Summary | undefined {
    const samples = this.samples.get(subject);
    return samples && summarize(samples);
  }
}

const rounded = (value: number) => Number(value.toPrecision(6));

/** The line that --json prints; a subject that failed has n 0, nulls and an `error`. */
export function toJsonLine(result: BenchResult, subject: string): string {
  const { name, unit } = result.bench;
  const floor = result.floor === null ? null : rounded(result.floor);
  const summary = result.summary(subject);
  if (!summary) {
    const error = result.failures.get(subject);
    return JSON.stringify({
      bench: name,
      subject,
      unit,
      median: null,
      min: null,
      max: null,
      n: 0,
      floor,
      error,
    });
  }
  const { median, min, max, n } = summary;
  return JSON.stringify({
    bench: name,
    subject,
    unit,
    median: rounded(median),
    min: rounded(min),
    max: rounded(max),
    n,
    floor,
  });
}
