// Contenders measured in turn, round by round, so that whatever else the machine does meets all of them alike.

export interface Contender {
  readonly name: string;
  /** Does it so many times. */
  run(times: number): void;
}

/** One JSON line a contender: median and least of the rounds, in nanoseconds of wall clock for each time. */
export function compare(what: string, rounds: number, times: number, contenders: readonly Contender[]): void {
  const results = contenders.map(() => [] as number[]);
  for (const { run } of contenders) run(Math.ceil(times / 4)); // warm, and not counted
  for (let round = 0; round < rounds; round++) {
    contenders.forEach(({ run }, i) => {
      const start = process.hrtime.bigint();
      run(times);
      results[i]!.push(Number(process.hrtime.bigint() - start) / times);
    });
  }
  contenders.forEach(({ name }, i) => {
    const sorted = results[i]!.sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)]!;
    const figures = { medianNs: round(median), leastNs: round(sorted[0]!) };
    console.log(JSON.stringify({ what, contender: name, rounds, times, ...figures }));
  });
}

const round = (ns: number) => Number(ns.toPrecision(4));
