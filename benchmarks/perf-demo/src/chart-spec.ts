// The chart as a Vega specification: size against round trip, both logarithmic, one line a technique.
import {
  decades,
  FONT,
  formatDuration,
  formatSize,
  GRID,
  INK,
  lookup,
  powersOfTen,
  QUIET,
  TEXT_CONFIG,
} from '@flow-ipc/bench-kit';
import type { Mark, Spec } from 'vega';
import type { Result } from './results.js';
import { formatFactor } from './table.js';
import { TECHNIQUES, type Technique, TITLES } from './techniques.js';

// Told apart by colour-blind readers too, and by shape and dash in print.
const LOOKS: Record<Technique, { colour: string; shape: string; dash: number[] }> = {
  'classic-socket': { colour: '#c2410c', shape: 'square', dash: [7, 4] },
  'shm-classic': { colour: '#0f766e', shape: 'circle', dash: [] },
  'shm-jemalloc': { colour: '#6d28d9', shape: 'triangle-up', dash: [2, 3] },
};

export function chartSpec(results: readonly Result[]): Spec {
  const techniques = TECHNIQUES.filter((t) => results.some((result) => result.technique === t));
  const sizes = [...new Set(results.map((result) => result.size))].sort((a, b) => a - b);
  const times = decades(
    Math.min(...results.map((r) => r.rttUs.min)),
    Math.max(...results.map((r) => r.rttUs.max)),
  );
  // Some air on both sides, on a scale where air is a factor.
  const sizeDomain = [sizes[0]! / 1.6, sizes.at(-1)! * 2];
  const values = results.map(({ size, technique, rttUs }) => ({
    size,
    technique,
    title: TITLES[technique],
    ...rttUs,
    label: formatDuration(rttUs.median),
    side: labelSide(results, size, rttUs.median),
  }));
  const shots = Math.max(...results.map((r) => r.shots));
  return {
    $schema: 'https://vega.github.io/schema/vega/v6.json',
    background: '#ffffff',
    width: 760,
    height: 420,
    // Fixed margins: without a canvas Vega only guesses how wide texts are, and would lay out by its guess.
    autosize: 'none',
    padding: { left: 92, right: 30, top: 102, bottom: 66 },
    title: {
      text: 'A file from a cache server in another process',
      subtitle: [subtitle(results, sizes), `Median of ${shots} shots; bars from the fastest to the slowest.`],
      anchor: 'start',
      frame: 'group',
      offset: 24,
      color: INK,
      fontSize: 20,
      fontWeight: 600,
      subtitleColor: QUIET,
      subtitleFontSize: 13.5,
      subtitlePadding: 7,
      subtitleLineHeight: 19,
    },
    config: TEXT_CONFIG,
    data: [
      { name: 'runs', values },
      // One line a technique, from small to large.
      { name: 'ordered', source: 'runs', transform: [{ type: 'collect', sort: { field: 'size' } }] },
    ],
    scales: [
      { name: 'x', type: 'log', domain: sizeDomain, range: 'width' },
      { name: 'y', type: 'log', domain: times, range: 'height' },
      {
        name: 'colour',
        type: 'ordinal',
        domain: techniques.map((t) => TITLES[t]),
        range: techniques.map((t) => LOOKS[t].colour),
      },
      {
        name: 'shape',
        type: 'ordinal',
        domain: techniques.map((t) => TITLES[t]),
        range: techniques.map((t) => LOOKS[t].shape),
      },
      {
        name: 'dash',
        type: 'ordinal',
        domain: techniques.map((t) => TITLES[t]),
        range: techniques.map((t) => LOOKS[t].dash) as unknown as number[],
      },
    ],
    axes: [
      {
        orient: 'bottom',
        scale: 'x',
        title: 'Size of the file (logarithmic)',
        values: sizes,
        titlePadding: 12,
        labelPadding: 8,
        domainColor: QUIET,
        tickColor: QUIET,
        encode: { labels: { update: { text: { signal: lookup(sizes, formatSize) } } } },
      },
      {
        orient: 'left',
        scale: 'y',
        title: 'Round trip (logarithmic)',
        values: powersOfTen(times),
        minExtent: 60,
        maxExtent: 60,
        labelPadding: 8,
        grid: true,
        gridColor: GRID,
        domain: false,
        ticks: false,
        encode: { labels: { update: { text: { signal: lookup(powersOfTen(times), formatDuration) } } } },
      },
    ],
    legends: [
      {
        // Where no line comes: small files take little time.
        orient: 'top-left',
        direction: 'vertical',
        rowPadding: 6,
        offset: 14,
        labelLimit: 400,
        stroke: 'colour',
        fill: 'colour',
        shape: 'shape',
        symbolSize: 90,
        symbolStrokeWidth: 1.5,
        labelColor: INK,
        labelFontSize: 13.5,
      },
    ],
    marks: [
      {
        type: 'group',
        from: { facet: { name: 'line', data: 'ordered', groupby: 'technique' } },
        marks: [
          {
            type: 'line',
            from: { data: 'line' },
            encode: {
              update: {
                x: { scale: 'x', field: 'size' },
                y: { scale: 'y', field: 'median' },
                stroke: { scale: 'colour', field: 'title' },
                strokeDash: { scale: 'dash', field: 'title' },
                strokeWidth: { value: 2.5 },
              },
            },
          },
          {
            type: 'rule',
            from: { data: 'line' },
            encode: {
              update: {
                x: { scale: 'x', field: 'size' },
                y: { scale: 'y', field: 'min' },
                y2: { scale: 'y', field: 'max' },
                stroke: { scale: 'colour', field: 'title' },
                strokeWidth: { value: 5 },
                strokeOpacity: { value: 0.3 },
              },
            },
          },
          {
            type: 'symbol',
            from: { data: 'line' },
            encode: {
              update: {
                x: { scale: 'x', field: 'size' },
                y: { scale: 'y', field: 'median' },
                shape: { scale: 'shape', field: 'title' },
                fill: { scale: 'colour', field: 'title' },
                stroke: { value: '#ffffff' },
                strokeWidth: { value: 1.5 },
                size: { value: 90 },
              },
            },
          },
        ],
      },
      // Over all lines, and kept clear of them by a white rim.
      ...[true, false].map(label),
    ],
  };
}

const label = (rim: boolean): Mark => ({
  type: 'text',
  from: { data: 'runs' },
  encode: {
    update: {
      // Clear of the bar as well as of the symbol.
      x: { scale: 'x', field: 'size', offset: { signal: "datum.side === 'beside' ? 9 : 0" } },
      y: { signal: LABEL_Y },
      text: { field: 'label' },
      fill: rim ? { value: '#ffffff' } : { scale: 'colour', field: 'title' },
      ...(rim && { stroke: { value: '#ffffff' }, strokeWidth: { value: 5 }, strokeJoin: { value: 'round' } }),
      align: { signal: "datum.side === 'beside' ? 'left' : 'center'" },
      baseline: { signal: "datum.side === 'below' ? 'top' : 'bottom'" },
      font: { value: FONT },
      fontSize: { value: 13 },
      fontWeight: { value: 600 },
    },
  },
});

const LABEL_Y =
  "datum.side === 'above' ? scale('y', datum.max) - 9 : " +
  "datum.side === 'below' ? scale('y', datum.min) + 11 : scale('y', datum.median) - 5";

/** The slowest's label goes above its bar, the fastest's below, and of any between beside: so they keep apart. */
function labelSide(results: readonly Result[], size: number, median: number): 'above' | 'below' | 'beside' {
  const medians = results.filter((result) => result.size === size).map(({ rttUs }) => rttUs.median);
  if (median === Math.max(...medians)) return 'above';
  return median === Math.min(...medians) ? 'below' : 'beside';
}

function subtitle(results: readonly Result[], sizes: readonly number[]): string {
  const largest = sizes.at(-1)!;
  const [slow, fast] = (['classic-socket', 'shm-classic'] as const).map((technique) =>
    results.find((result) => result.size === largest && result.technique === technique),
  );
  if (!slow || !fast) return 'Time from the request to the first access to the answer.';
  const factor = formatFactor(slow.rttUs.median / fast.rttUs.median);
  return `Time from the request to the first access to the answer. ${formatSize(largest)}: ${factor} faster without copying.`;
}
