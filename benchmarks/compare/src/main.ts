// The command: measures us and the alternatives, shows tables, writes a report.
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { bench, type Options } from './bench.js';
import type { PLANS } from './plan.js';

/** Seen from the built command. Only what is published is committed. */
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const PUBLISHED = here('../../results');
const SCRATCH = here('../results');

interface Flags {
  only?: string;
  json: boolean;
  quick: boolean;
  smoke: boolean;
  publish: boolean;
  out?: string;
}

const command = new Command('bench')
  .description(
    'Measures Flow-IPC and what people would use instead on the same work, in interleaved rounds,\n' +
      'beside a blocking ping-pong in C. Half an hour on two processors.',
  )
  .option(
    '--only <pattern>',
    "only what matches in 'bench subject', for example zeromq or 'round-trip/*,one-way/64B grpc'",
  )
  .option('--json', 'print one JSON object a line instead of tables; no report', false)
  .addOption(
    new Option('--quick', 'fewer benches and rounds: under two minutes').default(false).conflicts('smoke'),
  )
  .option('--smoke', 'a few iterations of everything but the largest: does it work?', false)
  .option('--publish', 'write the report that is committed, and the figures of the manual', false)
  .option(
    '--out <folder>',
    'where the report goes, instead of results/ here (or benchmarks/results with --publish)',
  )
  .parse();

const flags = command.opts<Flags>();
const mode: keyof typeof PLANS = flags.quick ? 'quick' : flags.smoke ? 'smoke' : 'full';
const options: Options = {
  mode,
  json: flags.json,
  publish: flags.publish,
  out: flags.out ?? (flags.publish ? PUBLISHED : SCRATCH),
  ...(flags.only !== undefined && { only: flags.only }),
};

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => interrupted.abort());
}

try {
  process.exitCode = await bench(options, interrupted.signal);
} catch (error) {
  if (interrupted.signal.aborted) {
    process.exitCode = 130;
  } else {
    process.stderr.write(`\nThe benchmarks failed: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
