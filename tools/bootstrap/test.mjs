// `npm test`: sets the machine up as far as needed, builds, runs every test, and ends with one line of totals.
import { parseArgs } from 'node:util';
import { watchLeftovers } from './leftovers.mjs';
import { prepare, root } from './prepare.mjs';
import { checks, processTests, sanitizers, vitest } from './runners.mjs';
import { line, none, ran, sum } from './totals.mjs';

const USAGE = `npm test [-- options]
  --only <pattern>  only checks and test files whose name contains the pattern ("asan": the sanitizers' run)
  --no-asan         leave out the addon's run under the sanitizers
  --verbose         show the output of every step of the set-up`;

const { values } = (() => {
  try {
    return parseArgs({
      options: {
        only: { type: 'string' },
        'no-asan': { type: 'boolean', default: false },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    console.error(`${/** @type {Error} */ (error).message}\n${USAGE}`);
    process.exit(2);
  }
})();
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

const { only } = values;
const wanted = (/** @type {string} */ name) => only === undefined || name.includes(only);

await prepare('test', { stream: process.stdout, verbose: values.verbose === true });

/** @type {[string, () => Promise<import('./runners.mjs').Outcome>][]} */
const runners = [
  ['checks', () => checks(root, wanted)],
  ['unit tests (vitest)', () => vitest(root, only)],
  ['process tests (node --test)', () => processTests(root, wanted)],
];
if (!values['no-asan'] && wanted('asan'))
  runners.push(['addon under ASan and UBSan', () => sanitizers(root)]);

/** @type {{ name: string, outcome: import('./runners.mjs').Outcome, seconds: number }[]} */
const results = [];
for (const [name, start] of runners) {
  console.log(`\n== ${name}`);
  const newNames = watchLeftovers();
  const started = performance.now();
  const outcome = await start();
  const left = newNames();
  if (ran(outcome.totals) > 0) {
    // One more test of each runner: nothing of ours stays in shared memory, and no message queue.
    if (left.length > 0) console.log(`NOT OK: left in the kernel: ${left.join(', ')}`);
    outcome.totals[left.length > 0 ? 'failed' : 'passed']++;
  } else if (only === undefined) {
    outcome.crash ??= 'ran no test';
  }
  if (outcome.crash) {
    console.log(`NOT OK: ${name}: ${outcome.crash}`);
    outcome.totals.failed++;
  }
  results.push({ name, outcome, seconds: (performance.now() - started) / 1000 });
}

for (const { name, outcome } of results) {
  if (outcome.reason) console.log(`\n${name} said:\n${outcome.reason}`);
}

const totals = sum([none(), ...results.map((result) => result.outcome.totals)]);
const width = Math.max(...results.map((result) => result.name.length));
console.log(`\n${'runner'.padEnd(width)}  passed  failed  skipped     time`);
for (const { name, outcome, seconds } of results) {
  const { passed, failed, skipped } = outcome.totals;
  const counts = `${String(passed).padStart(6)}  ${String(failed).padStart(6)}  ${String(skipped).padStart(7)}`;
  console.log(
    `${name.padEnd(width)}  ${counts}  ${seconds.toFixed(1).padStart(6)}s  ${outcome.crash ?? ''}`.trimEnd(),
  );
}
// Nothing at all having run is a mistake in --only, not a success.
const failed = totals.failed > 0 || ran(totals) === 0;
console.log(`\n${line(totals)}`);
process.exitCode = failed ? 1 : 0;
