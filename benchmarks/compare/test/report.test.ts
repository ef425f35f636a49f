// Lines, tables, report and charts of results that are made up for the purpose.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { allCases, type Bench } from '../src/cases.js';
import { QUOTED, replaceFigures } from '../src/publish.js';
import { writeCharts } from '../src/report/charts.js';
import { markdown, summaryMarkdown } from '../src/report/markdown.js';
import { losses, rows, verdict } from '../src/report/rows.js';
import { benchTable, summaryTable } from '../src/report/table.js';
import { factor, figure } from '../src/report/words.js';
import { BenchResult, toJsonLine } from '../src/results.js';

const folder = process.env.COMPARE_TEST_OUT ?? mkdtempSync(join(tmpdir(), 'flow-ipc-compare-test-'));
afterAll(() => {
  if (!process.env.COMPARE_TEST_OUT) rmSync(folder, { recursive: true });
});

function made(bench: Bench, samples: Record<string, number[]>, failures: Record<string, string> = {}) {
  const result = new BenchResult(bench);
  for (const [subject, values] of Object.entries(samples))
    for (const value of values) result.add(subject, value);
  for (const [subject, reason] of Object.entries(failures)) result.fail(subject, reason);
  return result;
}

const us = (name: string): Bench => ({ name, unit: 'µs', better: 'less' });
const roundTrip = made(
  us('round-trip/64B'),
  {
    'c-floor': [8, 9, 8.5],
    'raw-socket/async': [13, 14, 13.5],
    'raw-socket/blocking': [9.5, 10, 9.7],
    'structured-shm-classic/async': [17, 19, 18],
    'node-net': [16, 18, 17],
    zeromq: [70, 68, 69],
  },
  { grpc: 'it | broke' },
);
const larger = made(us('round-trip/1MiB'), {
  'c-floor': [320, 330, 325],
  'raw-socket/async': [1500, 1600, 1550],
  'structured-shm-classic/async': [150, 160, 155],
  'message-port': [90, 95, 92],
  zeromq: [1200, 1300, 1250],
});
const rate = made(
  { name: 'one-way/64B', unit: 'messages/s', better: 'more' },
  { 'c-floor': [9e5], 'raw-socket/async': [1.5e6], zeromq: [1.5e5] },
);
const results = [roundTrip, larger, rate];

describe('lines of --json', () => {
  it('have every key, and the floor of the same rounds', () => {
    expect(toJsonLine(roundTrip, 'zeromq')).toBe(
      '{"bench":"round-trip/64B","subject":"zeromq","unit":"µs","median":69,"min":68,"max":70,"n":3,"floor":8.5}',
    );
  });
  it('say why a subject has no figure', () => {
    expect(JSON.parse(toJsonLine(roundTrip, 'grpc'))).toEqual({
      bench: 'round-trip/64B',
      subject: 'grpc',
      unit: 'µs',
      median: null,
      min: null,
      max: null,
      n: 0,
      floor: 8.5,
      error: 'it | broke',
    });
  });
  it('do without a floor that failed', () => {
    const result = made(us('open'), { zeromq: [1] }, { 'c-floor': 'no cc' });
    expect(JSON.parse(toJsonLine(result, 'zeromq')).floor).toBe(null);
  });
});

it('drops what a subject had got when it fails', () => {
  const result = made(us('open'), { zeromq: [1, 2] }, { zeromq: 'died' });
  expect(result.summary('zeromq')).toBeUndefined();
  expect(result.subjects).toEqual(['zeromq']);
});

describe('rows', () => {
  it('put the floor first, then from best to worst with ties, then what failed', () => {
    expect(rows(roundTrip).map(({ place, subject }) => [place, subject])).toEqual([
      ['', 'c-floor'],
      ['1', 'raw-socket/blocking'],
      ['2', 'raw-socket/async'],
      ['3 =', 'node-net'],
      ['3 =', 'structured-shm-classic/async'],
      ['5', 'zeromq'],
      ['–', 'grpc'],
    ]);
  });
  it('hold every figure against the floor', () => {
    const row = rows(roundTrip).find(({ subject }) => subject === 'zeromq');
    expect(row).toMatchObject({ median: '69 µs', range: '68 µs – 70 µs', ofFloor: '8.1×', rounds: '3' });
  });
});

describe('verdicts', () => {
  it('compare the best of ours with the best alternative', () => {
    expect(verdict(roundTrip)).toMatchObject({
      ours: 'raw-socket/blocking',
      other: 'node-net',
      outcome: 'ahead',
    });
    expect(verdict(larger)).toMatchObject({ other: 'message-port', outcome: 'behind' });
    expect(verdict(rate)?.by).toBeCloseTo(10);
  });
  it('are ties where rounds overlap', () => {
    const close = made(us('x'), { 'raw-socket/async': [10, 12], zeromq: [11, 13] });
    expect(verdict(close)?.outcome).toBe('tie');
  });
  it('name every alternative that is ahead of one of ours, layer by layer', () => {
    const found = losses(results).map(({ result, ours, others, overall }) => [
      result.bench.name,
      ours,
      others,
      overall,
    ]);
    expect(found).toEqual([
      ['round-trip/1MiB', ['raw-socket/async'], ['message-port', 'zeromq'], false],
      ['round-trip/1MiB', ['structured-shm-classic/async'], ['message-port'], true],
    ]);
  });
  it('put what loses to the same ones together, and leave ties out', () => {
    const open = made(
      { name: 'open', unit: 'µs', better: 'less' },
      {
        'structured-heap/async': [10, 11],
        'structured-heap/blocking': [10, 12],
        'posix-mq/async': [5, 7],
        'node-net': [1, 2],
        zeromq: [6, 8],
      },
    );
    expect(losses([open]).map(({ ours, others }) => [ours, others])).toEqual([
      [
        ['structured-heap/async', 'structured-heap/blocking'],
        ['node-net', 'zeromq'],
      ],
      [['posix-mq/async'], ['node-net']],
    ]);
  });
});

it('writes figures with their units', () => {
  expect(figure(69, roundTrip.bench)).toBe('69 µs');
  expect(figure(1_507_220, rate.bench)).toBe('1,510,000 messages/s');
  expect(figure(112.4, { name: 'memory/64B', unit: 'MB', better: 'less' })).toBe('112 MB');
  expect(figure(1500, { name: 'cpu/64B', unit: 'µs/message', better: 'less' })).toBe('1.5 ms/message');
  expect([factor(5, 10), factor(52, 10), factor(5200, 1), factor(0.012, 1), factor(1, null)]).toEqual([
    '0.50×',
    '5.2×',
    '5,200×',
    '0.01×',
    '',
  ]);
});

it('shows tables in the terminal', () => {
  expect(benchTable(roundTrip, false)).toMatch(/3 = │ node-net +│ +17 µs │ 16 µs – 18 µs +│ +2\.0× │ +3 │/);
  expect(benchTable(roundTrip, false)).toMatch(/– │ grpc +│ +failed │ it \| broke/);
  expect(summaryTable(results, false)).toMatch(/round-trip\/1MiB .* message-port .* behind, 1\.7×/);
  expect(summaryTable([made(us('x'), { zeromq: [1] })], false)).toBeUndefined();
});

describe('the report', () => {
  const report = markdown({
    facts: [['processors', '2 × a | b']],
    mode: 'full',
    started: new Date('2026-01-02T03:04:05Z'),
    loads: { before: '0.1 0.2 0.3', after: '1.1 0.5 0.4' },
    results,
    charts: [{ file: 'round-trip.svg', caption: 'Round trip' }],
  });
  it('has machine, summary, losses, charts and every figure', () => {
    for (const text of [
      '| processors | 2 × a \\| b |',
      '0.1 0.2 0.3 before, 1.1 0.5 0.4 after',
      '| round-trip/64B | raw-socket/blocking | 9.7 µs | node-net | 17 µs | 8.5 µs | ahead, 1.8× |',
      '| round-trip/1MiB | **structured-shm-classic/async (155 µs)** | message-port (92 µs) | two threads of one process:',
      '![Round trip](round-trip.svg)',
      '| – | grpc | failed | it \\| broke |  | 0 |',
      '### one-way/64B, messages/s',
    ])
      expect(report).toContain(text);
  });
  it('says so when nobody is ahead of us', () => {
    const nothing = {
      facts: [],
      mode: 'quick',
      started: new Date(0),
      loads: { before: '', after: '' },
      charts: [],
    };
    expect(markdown({ ...nothing, results: [rate] })).toContain('Nowhere in this run.');
  });
});

it('replaces the figures of the page, and nothing else', () => {
  const page =
    'a\n<!-- figures: written by npm run bench -- --publish -->\nold\n<!-- end of the figures -->\nb\n';
  const replaced = replaceFigures(page, summaryMarkdown([rate]));
  expect(replaced).toMatch(/^a\n<!-- figures.*-->\n\n\| bench .*\n\n<!-- end of the figures -->\nb\n$/s);
  expect(replaced).not.toContain('old');
  expect(replaceFigures(replaced, 'x')).toBe(replaceFigures(page, 'x'));
  expect(() => replaceFigures('no marks', 'x')).toThrow(/no place for figures/);
});

it('what the README quotes is what the manual says, and is measured', () => {
  const root = join(import.meta.dirname, '../../..');
  const tables = ['README.md', 'docs/performance.md'].map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const figures = text.slice(text.indexOf('<!-- figures'), text.indexOf('<!-- end of the figures -->'));
    return figures.split('\n').filter((line) => /^\| [a-z-]+(\/|\b.*µs)/.test(line));
  });
  const [quoted, all] = tables as [string[], string[]];
  expect(quoted).toHaveLength(QUOTED.length);
  expect(all).toEqual(expect.arrayContaining(quoted));
  const measured = allCases().flatMap(({ benches }) => benches.map(({ name, unit }) => `${name} ${unit}`));
  expect(measured).toEqual(expect.arrayContaining(QUOTED.map((pair) => pair.join(' '))));
});

it('draws lines and bars, as SVG and PNG', async () => {
  const charts = await writeCharts(results, folder);
  expect(charts.map(({ file }) => file)).toEqual(['round-trip.svg', 'round-trip-64B.svg']);
  const picture = readFileSync(join(folder, 'round-trip.svg'), 'utf8');
  for (const text of ['64B', '1MiB', 'zeromq', 'Flow-IPC raw-socket/async'])
    expect(picture).toContain(`>${text}<`);
  expect(picture).not.toContain('raw-socket/blocking');
  expect(picture).not.toContain('NaN');
  expect(readFileSync(join(folder, 'round-trip-64B.svg'), 'utf8')).toContain(
    '>Flow-IPC raw-socket/blocking<',
  );
  expect(readFileSync(join(folder, 'round-trip.png')).subarray(1, 4).toString()).toBe('PNG');
});
