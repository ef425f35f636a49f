// The results as people read them in a terminal.

import { formatDuration, formatSize } from '@flow-ipc/bench-kit';
import Table from 'cli-table3';
import type { Result, RoundTrips, Skipped } from './results.js';
import { TECHNIQUES, type Technique, TITLES } from './techniques.js';

/** One row a size, one column a technique. Colours only where the terminal shows them. */
export function resultTable(
  results: readonly Result[],
  skipped: readonly Skipped[],
  colours: boolean,
): string {
  const techniques = TECHNIQUES.filter((technique) =>
    [...results, ...skipped].some((entry) => entry.technique === technique),
  );
  const sizes = [...new Set([...results, ...skipped].map((entry) => entry.size))].sort((a, b) => a - b);
  const compared = techniques.length > 1;
  const table = new Table({
    head: ['file', ...techniques.map((technique) => TITLES[technique]), ...(compared ? ['faster by'] : [])],
    colAligns: ['right', ...techniques.map(() => 'left' as const), 'right'],
    style: { head: colours ? ['bold'] : [], border: colours ? ['grey'] : [], compact: true },
  });
  for (const size of sizes) {
    const of = (technique: Technique) =>
      results.find((result) => result.size === size && result.technique === technique)?.rttUs;
    const cells = techniques.map((technique) => {
      const rtt = of(technique);
      return rtt ? roundTripCell(rtt) : 'skipped';
    });
    const [slow, ...others] = techniques.map(of);
    const fast = Math.min(...others.map((rtt) => rtt?.median ?? Number.POSITIVE_INFINITY));
    const factor = compared ? [slow && Number.isFinite(fast) ? formatFactor(slow.median / fast) : ''] : [];
    table.push([formatSize(size), ...cells, ...factor]);
  }
  return table.toString();
}

function roundTripCell({ median, min, max }: RoundTrips): string {
  return `${formatDuration(median).padStart(7)}  (${formatDuration(min)} – ${formatDuration(max)})`;
}

export function formatFactor(factor: number): string {
  return `${factor < 10 ? factor.toFixed(1) : Math.round(factor).toLocaleString('en')}×`;
}

const kilobytes = (bytes: number) => `${Math.round(bytes / 1000).toLocaleString('en')} kB`;

/** "16 kB", or "16 to 29 kB" when the runs differ. */
function range(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)].map(kilobytes);
  return low === high ? low! : `${low!.replace(/ kB$/, '')} to ${high}`;
}

/** What opening a session cost, over all runs, in two lines. */
export function sessionMemory(results: readonly Result[]): string {
  const of = (grown: (memory: Result['memory']) => number) =>
    range(results.map(({ memory }) => grown(memory)));
  return (
    `opening a session committed ${of((m) => m.shmOpen - m.shmBefore)} of /dev/shm; ` +
    `resident memory grew by\n${of((m) => m.server.rssAfter - m.server.rssBefore)} in the server, ` +
    `${of((m) => m.client.rssAfter - m.client.rssBefore)} in the client`
  );
}

/** Where the file was while it was served, a line a run. */
export function memoryTable(results: readonly Result[], colours: boolean): string {
  const table = new Table({
    head: ['file', 'technique', 'in /dev/shm', 'own memory of the server', 'of the client'],
    colAligns: ['right', 'left', 'right', 'right', 'right'],
    style: { head: colours ? ['bold'] : [], border: colours ? ['grey'] : [], compact: true },
  });
  for (const { size, technique, memory } of results) {
    table.push([
      formatSize(size),
      technique,
      formatSize(memory.shmServing - memory.shmBefore),
      formatSize(memory.serverOwnPeak),
      formatSize(memory.clientOwnPeak),
    ]);
  }
  return table.toString();
}
