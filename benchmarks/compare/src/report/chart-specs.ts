// The charts as Vega specifications: lines over the size of messages or the number of clients, and bars for one bench.
import { decades, FONT, GRID, INK, lookup, powersOfTen, QUIET, TEXT_CONFIG } from '@flow-ipc/bench-kit';
import type { Spec } from 'vega';
import type { BenchResult } from '../results.js';
import { FLOOR, familyOf, SUBJECTS } from '../subjects.js';
import { figure } from './words.js';

/** Ours in strong colours, the others in weaker ones; told apart by shape as well. Blocking variants are dashed. */
const LOOKS: Record<string, [colour: string, shape: string]> = {
  'c-floor': ['#647382', 'stroke'],
  'raw-socket': ['#0f766e', 'circle'],
  'posix-mq': ['#15803d', 'diamond'],
  'bipc-mq': ['#65a30d', 'triangle-up'],
  'structured-heap': ['#1d4ed8', 'square'],
  'structured-shm-classic': ['#7c3aed', 'circle'],
  'structured-shm-jemalloc': ['#a21caf', 'diamond'],
  'node-net': ['#c2410c', 'square'],
  'child-process-json': ['#a16207', 'triangle-down'],
  'child-process-advanced': ['#ca8a04', 'triangle-up'],
  'message-port': ['#db2777', 'cross'],
  zeromq: ['#dc2626', 'diamond'],
  grpc: ['#78350f', 'circle'],
};

const codeOf = (subject: string) => SUBJECTS.find(({ name }) => name === subject)!.code;

export interface Lines {
  title: string;
  subtitle: string;
  xTitle: string;
  /** In order: where on the x axis, what stands there, and the bench. */
  points: { x: number; label: string; result: BenchResult }[];
}

/** Ours in their async form and the alternatives; both axes logarithmic. */
export function linesSpec({ title, subtitle, xTitle, points }: Lines): Spec {
  const bench = points[0]!.result.bench;
  const shown = SUBJECTS.filter(({ name, blocking }) => name === FLOOR || !blocking).filter(({ name }) =>
    points.some(({ result }) => result.samples.has(name)),
  );
  const values = points.flatMap(({ x, result }) =>
    shown.flatMap(({ name, code }) => {
      const summary = result.summary(name);
      return summary ? [{ x, subject: label(name), code, ...summary }] : [];
    }),
  );
  const y = decades(Math.min(...values.map((v) => v.median)), Math.max(...values.map((v) => v.median)));
  const xs = points.map((point) => point.x);
  const xLabels = Object.fromEntries(points.map((point) => [String(point.x), point.label]));
  return {
    ...frame(title, subtitle, 760, 430),
    padding: {
      left: roomFor(powersOfTen(y).map((value) => figure(value, bench))),
      // The symbols of the legend, too.
      right: roomFor(shown.map(({ name }) => label(name))) + 44,
      top: 92,
      bottom: 62,
    },
    data: [{ name: 'ordered', values, transform: [{ type: 'collect', sort: { field: 'x' } }] }],
    scales: [
      { name: 'x', type: 'log', domain: [xs[0]! / 1.6, xs.at(-1)! * 1.6], range: 'width' },
      { name: 'y', type: 'log', domain: y, range: 'height' },
      ...looks(shown.map(({ name }) => name)),
    ],
    axes: [
      {
        orient: 'bottom',
        scale: 'x',
        title: xTitle,
        values: xs,
        titlePadding: 10,
        labelPadding: 8,
        domainColor: QUIET,
        tickColor: QUIET,
        encode: {
          labels: { update: { text: { signal: `${JSON.stringify(xLabels)}[toString(datum.value)]` } } },
        },
      },
      {
        orient: 'left',
        scale: 'y',
        values: powersOfTen(y),
        grid: true,
        gridColor: GRID,
        domain: false,
        ticks: false,
        labelPadding: 8,
        labelLimit: 0,
        encode: {
          labels: { update: { text: { signal: lookup(powersOfTen(y), (value) => figure(value, bench)) } } },
        },
      },
    ],
    legends: [
      {
        orient: 'right',
        stroke: 'colour',
        fill: 'colour',
        shape: 'shape',
        offset: 18,
        rowPadding: 5,
        symbolSize: 70,
        labelColor: INK,
        labelFontSize: 12.5,
        labelLimit: 0,
      },
    ],
    marks: [
      {
        type: 'group',
        from: { facet: { name: 'line', data: 'ordered', groupby: 'subject' } },
        marks: [
          {
            type: 'line',
            from: { data: 'line' },
            encode: {
              update: {
                x: { scale: 'x', field: 'x' },
                y: { scale: 'y', field: 'median' },
                stroke: { scale: 'colour', field: 'subject' },
                strokeWidth: { value: 2 },
              },
            },
          },
          {
            type: 'symbol',
            from: { data: 'line' },
            encode: {
              update: {
                x: { scale: 'x', field: 'x' },
                y: { scale: 'y', field: 'median' },
                shape: { scale: 'shape', field: 'subject' },
                fill: { scale: 'colour', field: 'subject' },
                stroke: { scale: 'colour', field: 'subject' },
                size: { value: 60 },
              },
            },
          },
        ],
      },
    ],
  };
}

/** One bench, every subject, from the best on; a thin line from the fastest to the slowest round. */
export function barsSpec(title: string, subtitle: string, result: BenchResult): Spec {
  const sign = result.bench.better === 'less' ? 1 : -1;
  const values = [...result.samples.keys()]
    .map((name) => ({ subject: label(name), name, ...result.summary(name)! }))
    .sort((a, b) => sign * (a.median - b.median))
    .map((value) => ({ ...value, label: figure(value.median, result.bench) }));
  const x = decades(Math.min(...values.map((v) => v.min)), Math.max(...values.map((v) => v.max)));
  return {
    ...frame(title, subtitle, 620, values.length * 27),
    padding: { left: roomFor(values.map((v) => v.subject)), right: 110, top: 92, bottom: 46 },
    data: [{ name: 'bars', values }],
    scales: [
      { name: 'x', type: 'log', domain: x, range: 'width' },
      { name: 'y', type: 'band', domain: values.map((v) => v.subject), range: 'height', padding: 0.28 },
      ...looks(values.map((v) => v.name)),
    ],
    axes: [
      {
        orient: 'bottom',
        scale: 'x',
        values: powersOfTen(x),
        grid: true,
        gridColor: GRID,
        domain: false,
        ticks: false,
        labelPadding: 8,
        encode: {
          labels: {
            update: { text: { signal: lookup(powersOfTen(x), (value) => figure(value, result.bench)) } },
          },
        },
      },
      { orient: 'left', scale: 'y', domain: false, ticks: false, labelPadding: 8, labelLimit: 0 },
    ],
    marks: [
      {
        type: 'rect',
        from: { data: 'bars' },
        encode: {
          update: {
            x: { scale: 'x', value: x[0] },
            x2: { scale: 'x', field: 'median' },
            y: { scale: 'y', field: 'subject' },
            height: { scale: 'y', band: 1 },
            fill: { scale: 'colour', field: 'subject' },
            fillOpacity: { value: 0.85 },
          },
        },
      },
      {
        type: 'rule',
        from: { data: 'bars' },
        encode: {
          update: {
            x: { scale: 'x', field: 'min' },
            x2: { scale: 'x', field: 'max' },
            y: { scale: 'y', field: 'subject', band: 0.5 },
            stroke: { value: INK },
          },
        },
      },
      {
        type: 'text',
        from: { data: 'bars' },
        encode: {
          update: {
            x: { scale: 'x', field: 'max', offset: 6 },
            y: { scale: 'y', field: 'subject', band: 0.5 },
            text: { field: 'label' },
            baseline: { value: 'middle' },
            fill: { value: INK },
            font: { value: FONT },
            fontSize: { value: 12.5 },
          },
        },
      },
    ],
  };
}

/** Of texts beside the chart: the widest, at its usual width, and a margin. */
const roomFor = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length)) * 7 + 24;

const label = (subject: string) => (familyOf(subject) === 'ours' ? `Flow-IPC ${subject}` : subject);

/** The scales that give each subject its colour and shape. */
function looks(subjects: readonly string[]): NonNullable<Spec['scales']> {
  const domain = subjects.map(label);
  const [colours, shapes] = [0, 1].map((i) => subjects.map((subject) => LOOKS[codeOf(subject)]![i]!));
  return [
    { name: 'colour', type: 'ordinal', domain, range: colours! },
    { name: 'shape', type: 'ordinal', domain, range: shapes! },
  ];
}

function frame(text: string, subtitle: string, width: number, height: number): Spec {
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    background: '#ffffff',
    width,
    height,
    // Fixed margins: without a canvas Vega only guesses how wide texts are, and would lay out by its guess.
    autosize: 'none',
    title: {
      text,
      subtitle,
      anchor: 'start',
      frame: 'group',
      offset: 20,
      color: INK,
      fontSize: 19,
      fontWeight: 600,
      subtitleColor: QUIET,
      subtitleFontSize: 13,
      subtitlePadding: 6,
    },
    config: TEXT_CONFIG,
  };
}
