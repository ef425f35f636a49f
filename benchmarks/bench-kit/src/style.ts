// How our charts look, and what their logarithmic axes need.
import type { Config } from 'vega';

/** The first is what the PNG is drawn with; an SVG takes what its viewer has. */
export const FONT = 'Inter, Helvetica, Arial, sans-serif';

export const INK = '#1f2933';
export const QUIET = '#647382';
export const GRID = '#e4e9ee';

export const TEXT_CONFIG: Config = {
  style: {
    'guide-label': { font: FONT, fontSize: 12.5, fill: QUIET },
    'guide-title': { font: FONT, fontSize: 13, fontWeight: 600, fill: INK },
    'group-title': { font: FONT },
    'group-subtitle': { font: FONT },
  },
  text: { font: FONT },
};

/** Whole decades around all that is drawn. */
export function decades(low: number, high: number): [number, number] {
  return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high * 1.0001))];
}

export const powersOfTen = ([low, high]: [number, number]) =>
  Array.from({ length: Math.round(Math.log10(high / low)) + 1 }, (_, i) => low * 10 ** i);

/** A Vega expression that turns each of these numbers into our own words for it. */
export function lookup(numbers: readonly number[], format: (value: number) => string): string {
  const words = Object.fromEntries(numbers.map((number) => [String(number), format(number)]));
  return `${JSON.stringify(words)}[toString(datum.value)]`;
}
