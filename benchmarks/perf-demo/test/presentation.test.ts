// Sizes, statistics, table and chart, on results made up for the purpose.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatDuration, formatSize } from '@flow-ipc/bench-kit';
import { afterAll, describe, expect, it } from 'vitest';
import { writeChart } from '../src/chart.js';
import { type Result, roundTrips, toJsonLine } from '../src/results.js';
import { parseSize, parseSizes } from '../src/sizes.js';
import { memoryTable, resultTable, sessionMemory } from '../src/table.js';
import { parseTechniques, type Technique } from '../src/techniques.js';

const folder = process.env.PERF_DEMO_TEST_OUT ?? mkdtempSync(join(tmpdir(), 'flow-ipc-chart-'));
afterAll(() => {
  if (!process.env.PERF_DEMO_TEST_OUT) rmSync(folder, { recursive: true });
});

const memory: Result['memory'] = {
  server: { rssBefore: 60e6, rssAfter: 61e6 },
  client: { rssBefore: 60e6, rssAfter: 61e6 },
  shmBefore: 0,
  shmOpen: 12288,
  shmServing: 1e6,
  serverOwnPeak: 50e6,
  clientOwnPeak: 52e6,
};
const result = (size: number, technique: Technique, median: number, min: number, max: number): Result => ({
  size,
  technique,
  shots: 5,
  rttUs: { median, min, max },
  memory,
  chunks: 10,
});
const results = [
  result(1e5, 'classic-socket', 260, 210, 900),
  result(1e5, 'shm-classic', 130, 95, 240),
  result(1e6, 'classic-socket', 1300, 1200, 2400),
  result(1e6, 'shm-classic', 128, 101, 190),
  result(1e7, 'classic-socket', 9800, 9100, 12_000),
  result(1e7, 'shm-classic', 141, 99, 260),
  result(1e8, 'classic-socket', 95_000, 91_000, 99_000),
  result(1e8, 'shm-classic', 125, 97, 180),
  result(1e9, 'classic-socket', 1_020_000, 980_000, 1_200_000),
  result(1e9, 'shm-classic', 137, 105, 210),
];

describe('sizes', () => {
  it('reads decimal sizes', () => {
    expect(parseSizes('1m, 100k,1g,1M,1.5kB,7')).toEqual([7, 1500, 100_000, 1_000_000, 1_000_000_000]);
  });
  it.each(['', '1t', '-1k', 'k', '0', '5g', '1 000'])('refuses %j', (text) => {
    expect(() => parseSize(text)).toThrow(RangeError);
  });
  it('writes sizes and durations with their units', () => {
    expect([7, 1e5, 1.5e6, 1e9].map(formatSize)).toEqual(['7 B', '100 kB', '1.5 MB', '1 GB']);
    expect([0.4, 85.26, 999.6, 1250, 999_600, 1.02e6].map(formatDuration)).toEqual([
      '0.4 µs',
      '85.3 µs',
      '1 ms',
      '1.25 ms',
      '1 s',
      '1.02 s',
    ]);
  });
});

it('knows its techniques', () => {
  expect(parseTechniques('shm-classic,classic-socket')).toEqual(['classic-socket', 'shm-classic']);
  expect(() => parseTechniques('carrier-pigeon')).toThrow(/not a technique/);
});

it('takes median, min and max', () => {
  expect(roundTrips([3, 1, 2.26])).toEqual({ median: 2.3, min: 1, max: 3 });
  expect(roundTrips([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 });
  expect(() => roundTrips([])).toThrow(RangeError);
});

it('prints a result as the JSON that is documented', () => {
  expect(toJsonLine(results[0]!)).toBe(
    '{"size":100000,"technique":"classic-socket","shots":5,"rttUs":{"median":260,"min":210,"max":900}}',
  );
});

it('shows every size, what was skipped, and the ratio', () => {
  const skipped = [{ size: 2e9, technique: 'shm-classic' as const, reason: 'no room' }];
  const text = resultTable(results, skipped, false);
  expect(text).toMatch(/100 kB │ +260 µs {2}\(210 µs – 900 µs\) +│ +130 µs {2}\(95 µs – 240 µs\) +│ +2\.0×/);
  expect(text).toMatch(/1 GB │.*│ +7,445×/);
  expect(text).toMatch(/2 GB │ skipped +│ skipped/);
  expect(memoryTable(results, false)).toMatch(/1 GB │ shm-classic +│ +1 MB │ +50 MB │ +52 MB/);
  const other = { ...memory, shmOpen: 20_480 };
  expect(sessionMemory([results[0]!, { ...results[0]!, memory: other }])).toBe(
    'opening a session committed 12 to 20 kB of /dev/shm; ' +
      'resident memory grew by\n1,000 kB in the server, 1,000 kB in the client',
  );
});

describe('chart', () => {
  it('is written as SVG with axes, legend and labels, and as PNG', async () => {
    const { svg, png } = await writeChart(results, folder);
    const picture = readFileSync(svg, 'utf8');
    for (const text of [
      '100 kB',
      '1 GB',
      '100 µs',
      '1 ms',
      '1 s',
      '137 µs',
      '1.02 s',
      'Zero-copy (SHM-classic)',
    ])
      expect(picture).toContain(`>${text}<`);
    expect(picture).toContain('7,445× faster');
    const bytes = readFileSync(png);
    expect(bytes.subarray(1, 4).toString()).toBe('PNG');
    expect(bytes.readUInt32BE(16)).toBeGreaterThan(1200);
  });

  it('draws a single point, and a single technique', async () => {
    const { svg } = await writeChart([results[1]!], join(folder, 'single'));
    expect(readFileSync(svg, 'utf8')).toContain('>130 µs<');
    expect(readFileSync(svg, 'utf8')).not.toContain('NaN');
  });
});
