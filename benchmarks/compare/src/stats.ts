// Statistics of a measurement: one sample a round, and whether two subjects can be told apart at all.

export interface Summary {
  median: number;
  min: number;
  max: number;
  /** Rounds. */
  n: number;
}

/** RangeError when there is nothing. */
export function median(values: ArrayLike<number>): number {
  if (values.length === 0) throw new RangeError('no samples');
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summarize(samples: readonly number[]): Summary {
  return {
    median: median(samples),
    min: Math.min(...samples),
    max: Math.max(...samples),
    n: samples.length,
  };
}

/** From so many rounds on, the best and the worst of each subject are left out when two are compared. */
export const TRIM_FROM = 5;

/** The range that a subject's rounds lie in, for comparing. */
export function range(samples: readonly number[]): [low: number, high: number] {
  const sorted = [...samples].sort((a, b) => a - b);
  const kept = sorted.length >= TRIM_FROM ? sorted.slice(1, -1) : sorted;
  return [kept[0]!, kept.at(-1)!];
}

/** Two subjects tie when their ranges overlap: the same work, done again, could turn out the other way round. */
export function tie(a: readonly number[], b: readonly number[]): boolean {
  const [aLow, aHigh] = range(a);
  const [bLow, bHigh] = range(b);
  return aLow <= bHigh && bLow <= aHigh;
}

/** True when `a` is better than `b` and they do not tie. */
export function beats(a: readonly number[], b: readonly number[], better: 'less' | 'more'): boolean {
  if (tie(a, b)) return false;
  return better === 'less' ? median(a) < median(b) : median(a) > median(b);
}

export interface Place {
  /** 1 for those whom nobody beats; otherwise one more than the number of subjects that beat this one. */
  place: number;
  /** Shares the place with others. */
  tied: boolean;
}

/** The places of subjects by their samples. */
export function places(
  all: ReadonlyMap<string, readonly number[]>,
  better: 'less' | 'more',
): Map<string, Place> {
  const numbers = new Map<string, number>();
  for (const [name, samples] of all) {
    const ahead = [...all.values()].filter((other) => other !== samples && beats(other, samples, better));
    numbers.set(name, ahead.length + 1);
  }
  const shared = (place: number) => [...numbers.values()].filter((other) => other === place).length > 1;
  return new Map([...numbers].map(([name, place]) => [name, { place, tied: shared(place) }]));
}
