// Which charts a run's results make, and their files.
import { draw } from '@flow-ipc/bench-kit';
import { SIZES, type SizeName } from '../cases.js';
import type { BenchResult } from '../results.js';
import { barsSpec, type Lines, linesSpec } from './chart-specs.js';

const NOTE = 'Median of the rounds; both axes logarithmic';

/** The points of a line chart that were measured, for benches called `<work>/<label>`. */
function points(
  results: readonly BenchResult[],
  work: string,
  unit: string,
  xOf: (label: string) => number,
): Lines['points'] {
  return results
    .filter(
      ({ bench, samples }) => bench.name.startsWith(`${work}/`) && bench.unit === unit && samples.size > 0,
    )
    .map((result) => {
      const label = result.bench.name.slice(work.length + 1);
      return { x: xOf(label), label, result };
    });
}

const bytes = (label: string) => SIZES[label as SizeName];

/** Draws all that make sense: a line needs two points, bars need two subjects. */
export async function writeCharts(
  results: readonly BenchResult[],
  folder: string,
): Promise<{ file: string; caption: string }[]> {
  const written: { file: string; caption: string }[] = [];
  const add = async (name: string, caption: string, spec: Parameters<typeof draw>[0]) => {
    await draw(spec, folder, name);
    written.push({ file: `${name}.svg`, caption });
  };
  const lines = async (name: string, what: Lines) => {
    if (what.points.length >= 2) await add(name, what.title, linesSpec(what));
  };
  const bars = async (name: string, bench: string, title: string) => {
    const result = results.find((one) => one.bench.name === bench);
    if (result && result.samples.size >= 2) {
      await add(
        name,
        title,
        barsSpec(title, 'Median of the rounds; the line is from the best to the worst', result),
      );
    }
  };

  const size = 'Size of the message, there and back alike (logarithmic)';
  await lines('round-trip', {
    title: 'Round trip',
    subtitle: NOTE,
    xTitle: size,
    points: points(results, 'round-trip', 'µs', bytes),
  });
  await lines('one-way', {
    title: 'One way',
    subtitle: NOTE,
    xTitle: 'Size of the message (logarithmic)',
    points: points(results, 'one-way', 'MB/s', bytes),
  });
  await lines('clients', {
    title: 'Several clients, one server: round trips of 64 bytes',
    subtitle: NOTE,
    xTitle: 'Clients (logarithmic)',
    points: points(results, 'clients', 'round trips/s', Number),
  });
  await bars('round-trip-64B', 'round-trip/64B', 'Round trip of 64 bytes');
  await bars('payload', 'payload/perf-demo', 'A file of 1 MB in 31 parts: built, sent, read');
  return written;
}
