// Draws the chart, as SVG and as PNG.
import { draw } from '@flow-ipc/bench-kit';
import { chartSpec } from './chart-spec.js';
import type { Result } from './results.js';

/** Writes chart.svg and chart.png into the folder and returns their paths. */
export const writeChart = (
  results: readonly Result[],
  folder: string,
): Promise<{ svg: string; png: string }> => draw(chartSpec(results), folder, 'chart');
