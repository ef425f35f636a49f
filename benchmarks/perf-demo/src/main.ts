// The command: runs every size with every technique, shows a table, draws a chart.
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { demo, type Options } from './demo.js';
import { parseSizes } from './sizes.js';
import { parseTechniques, TECHNIQUES } from './techniques.js';

/** Turns our parsers' RangeErrors into commander's usage errors. */
const argument =
  <T>(parse: (text: string) => T) =>
  (text: string): T => {
    try {
      return parse(text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  };

function parseShots(text: string): number {
  const shots = Number(text);
  if (!Number.isInteger(shots) || shots < 1 || shots > 10_000) {
    throw new RangeError('not a whole number from 1 to 10000');
  }
  return shots;
}

const results = fileURLToPath(new URL('../results', import.meta.url));

const command = new Command('demo')
  .description(
    'A cache server in one process, a client in another: the client requests files, the server answers with them.\n' +
      'Timed from just before the request to just after the first access to the answer; then every chunk is verified.',
  )
  .option(
    '--sizes <list>',
    'sizes of the files; k, m and g are decimal',
    argument(parseSizes),
    parseSizes('100k,1m,10m,100m,1g'),
  )
  .option('--shots <n>', 'requests for each size and technique', argument(parseShots), 5)
  .option('--techniques <list>', `which of ${TECHNIQUES.join(', ')}`, argument(parseTechniques), [
    ...TECHNIQUES,
  ])
  .option('--file <path>', 'serve this file instead of synthetic ones, and verify it end to end')
  .option('--out <folder>', 'where to write chart.svg and chart.png', results)
  .option('--json', 'print one JSON object a line instead of tables; no chart', false)
  .parse();

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => interrupted.abort());

try {
  process.exitCode = await demo(command.opts<Options>(), interrupted.signal);
} catch (error) {
  if (interrupted.signal.aborted) {
    process.exitCode = 130;
  } else {
    process.stderr.write(`\nThe demo failed: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
