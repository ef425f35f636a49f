// One bench as rows: in the order of the tables, with places, ties, and those that failed.
import type { BenchResult } from '../results.js';
import { beats, median, places, tie } from '../stats.js';
import { type Family, FLOOR, familyOf, layerOf, SUBJECTS } from '../subjects.js';
import { factor, figure } from './words.js';

export interface Row {
  /** "1", "3 =" when shared, "" for the floor, "–" for a subject that failed. */
  place: string;
  subject: string;
  family: Family;
  median: string;
  /** "22 – 67.5 µs", or why there is nothing. */
  range: string;
  /** Of the floor's median. */
  ofFloor: string;
  rounds: string;
  failed: boolean;
}

/** The floor first, then from best to worst, then what failed. */
export function rows(result: BenchResult): Row[] {
  const { bench, samples, failures, floor } = result;
  const placed = places(withoutFloor(samples), bench.better);
  const order = [...samples.keys()].sort((a, b) => {
    if (a === FLOOR || b === FLOOR) return a === FLOOR ? -1 : 1;
    return placed.get(a)!.place - placed.get(b)!.place || better(result, a, b);
  });
  const measured = order.map((subject): Row => {
    const { median: middle, min, max, n } = result.summary(subject)!;
    const { place, tied } = placed.get(subject) ?? { place: 0, tied: false };
    return {
      place: place === 0 ? '' : `${place}${tied ? ' =' : ''}`,
      subject,
      family: familyOf(subject),
      median: figure(middle, bench),
      range: n === 1 ? '' : `${figure(min, bench)} – ${figure(max, bench)}`,
      ofFloor: subject === FLOOR ? '' : factor(middle, floor),
      rounds: String(n),
      failed: false,
    };
  });
  const failed = SUBJECTS.filter(({ name }) => failures.has(name)).map(
    ({ name, family }): Row => ({
      place: '–',
      subject: name,
      family,
      median: 'failed',
      range: failures.get(name)!,
      ofFloor: '',
      rounds: '0',
      failed: true,
    }),
  );
  return [...measured, ...failed];
}

function withoutFloor(samples: ReadonlyMap<string, number[]>): Map<string, number[]> {
  return new Map([...samples].filter(([subject]) => subject !== FLOOR));
}

function better(result: BenchResult, a: string, b: string): number {
  const [x, y] = [a, b].map((subject) => median(result.samples.get(subject)!)) as [number, number];
  return result.bench.better === 'less' ? x - y : y - x;
}

export interface Verdict {
  result: BenchResult;
  /** Best median of ours, and of the alternatives. */
  ours: string;
  other: string;
  outcome: 'ahead' | 'tie' | 'behind';
  /** How much better the better one's median is. */
  by: number;
}

/** Our best against the best alternative; undefined when either is missing. */
export function verdict(result: BenchResult): Verdict | undefined {
  const best = (family: Family) =>
    [...result.samples.keys()]
      .filter((subject) => familyOf(subject) === family)
      .sort((a, b) => better(result, a, b))[0];
  const ours = best('ours');
  const other = best('alternative');
  if (ours === undefined || other === undefined) return undefined;
  const [a, b] = [result.samples.get(ours)!, result.samples.get(other)!];
  const outcome = tie(a, b) ? 'tie' : beats(a, b, result.bench.better) ? 'ahead' : 'behind';
  const ratio = median(a) / median(b);
  return { result, ours, other, outcome, by: Math.max(ratio, 1 / ratio) };
}

export interface Loss {
  result: BenchResult;
  /** One of ours, or several of one layer that lose to the same alternatives. */
  ours: string[];
  /** The alternatives that are ahead, best first. */
  others: string[];
  /** They are ahead of the best of ours, too. */
  overall: boolean;
}

/** Wherever an alternative beats one of ours: bench by bench, layer by layer. */
export function losses(results: readonly BenchResult[]): Loss[] {
  return results.flatMap((result) => {
    const best = verdict(result)?.ours;
    if (best === undefined) return [];
    const subjects = [...result.samples.keys()];
    const ahead = (ours: string) =>
      subjects
        .filter((other) => familyOf(other) === 'alternative')
        .filter((other) => beats(result.samples.get(other)!, result.samples.get(ours)!, result.bench.better))
        .sort((a, b) => better(result, a, b));
    const overall = ahead(best);
    const groups = new Map<string, Loss>();
    for (const ours of subjects.filter((subject) => familyOf(subject) === 'ours')) {
      const others = ahead(ours);
      if (others.length === 0) continue;
      const key = `${layerOf(ours)} ${others}`;
      const group = groups.get(key);
      if (group) group.ours.push(ours);
      else groups.set(key, { result, ours: [ours], others, overall: overall.length > 0 && ours === best });
    }
    return [...groups.values()];
  });
}
