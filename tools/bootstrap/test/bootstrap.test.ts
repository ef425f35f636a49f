// The parts of the bootstrap that decide: versions, totals of runners, leftovers, workspace folders, steps.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchLeftovers } from '../leftovers.mjs';
import { satisfies } from '../node-version.mjs';
import { installHash, workspaceFolders } from '../npm-packages.mjs';
import { mustRun, run, StepError, stepper } from '../steps.mjs';
import { installLine, missingPackages } from '../system-packages.mjs';
import { errorsIn, fromClosingLine, fromTap, fromVitest, line, sum } from '../totals.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flow-ipc-bootstrap-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each([
  ['v20.19.0', true],
  ['v20.18.3', false],
  ['v18.20.0', false],
  ['v22.1.0', true],
  ['v20.20.2', true],
])('compares version %s with >=20.19: %s', (version, good) => {
  expect(satisfies(version, '>=20.19')).toBe(good);
});

describe('totals', () => {
  it('reads the last closing line', () => {
    const output =
      'vitest: 1 passed, 0 failed\nnoise 3 passed, 4 failed\nasan: 12 passed, 3 failed, 1 skipped, 9 s\n';
    expect(fromClosingLine(output)).toEqual({ passed: 12, failed: 3, skipped: 1 });
    expect(fromClosingLine('all good')).toBeUndefined();
  });

  it("reads node's TAP summary, counting cancelled tests as failed", () => {
    const tap = '# tests 9\n# pass 5\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 1\n';
    expect(fromTap(tap)).toEqual({ passed: 5, failed: 2, skipped: 2 });
    expect(fromTap('TAP version 13\nok 1 - x\n')).toBeUndefined();
  });

  it("reads vitest's report, counting a file that did not load as a failed test", () => {
    const report = {
      numPassedTests: 3,
      numFailedTests: 1,
      numPendingTests: 1,
      numTodoTests: 1,
      testResults: [
        { status: 'failed', assertionResults: [] },
        { status: 'failed', assertionResults: [{ status: 'failed' }] },
        { status: 'passed', assertionResults: [{ status: 'passed' }] },
      ],
    };
    expect(fromVitest(report)).toEqual({ passed: 3, failed: 2, skipped: 2 });
  });

  it('finds what a runner said of errors that are no test’s', () => {
    const said = [
      'fine',
      '\u001b[31m Unhandled Errors \u001b[39m',
      'Error: late',
      ...new Array(100).fill('more'),
    ];
    const found = errorsIn(said.join('\n')).split('\n');
    expect(found.slice(0, 2)).toEqual([' Unhandled Errors ', 'Error: late']);
    expect(found).toHaveLength(40);
    expect(errorsIn('all is well')).toBe('');
    expect(errorsIn('✓ a worker is terminated\nTimeout terminating a worker')).toBe(
      'Timeout terminating a worker',
    );
  });

  it('adds up and prints', () => {
    const totals = sum([
      { passed: 1, failed: 2, skipped: 3 },
      { passed: 10, failed: 20, skipped: 30 },
    ]);
    expect(line(totals)).toBe('11 passed, 22 failed, 33 skipped');
  });
});

it('tells new names of ours in a folder, but not the semaphores that stay by design', () => {
  writeFileSync(join(folder, 'x_libipc_old'), '');
  const newNames = watchLeftovers([folder, join(folder, 'not-mounted')]);
  for (const name of ['x_libipc_new', '_flowipc_test_1_queue', 'other', 'sem._libipc_a_cur_ns_store'])
    writeFileSync(join(folder, name), '');
  expect(newNames().sort()).toEqual(
    ['_flowipc_test_1_queue', 'x_libipc_new'].map((name) => join(folder, name)),
  );
});

it('reads workspace folders, and hashes what an install depends on', () => {
  writeFileSync(
    join(folder, 'pnpm-workspace.yaml'),
    'packages:\n  - native\n  - packages/*\nother:\n  - x\n',
  );
  for (const name of ['native', 'packages/a', 'packages/b', 'x']) {
    mkdirSync(join(folder, name), { recursive: true });
    if (name !== 'packages/b') writeFileSync(join(folder, name, 'package.json'), '{}');
  }
  expect(workspaceFolders(folder)).toEqual(['native', 'packages/a']);
  const before = installHash(folder);
  expect(installHash(folder)).toBe(before);
  writeFileSync(join(folder, 'packages/a/package.json'), '{"a":1}');
  expect(installHash(folder)).not.toBe(before);
});

it('runs commands with no input, and reports those that do not exist', async () => {
  expect(await run('cat', [])).toEqual({ code: 0, output: '' });
  expect((await run('sh', ['-c', 'echo out; echo err >&2; exit 3'])).code).toBe(3);
  expect((await run('no-such-command-here', [])).code).toBe(127);
});

it('shows the output of a failing step in full and hides that of a good one', async () => {
  const stream = new PassThrough();
  const steps = stepper({ stream, verbose: false });
  await steps.step('good', async () => {
    await mustRun(steps, 'never', 'echo', ['hidden']);
    return 'fine';
  });
  const bad = steps.step('bad', async () => {
    await mustRun(steps, 'It failed.', 'sh', ['-c', 'echo why; exit 1']);
    return undefined;
  });
  const error = await bad.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StepError);
  expect((error as StepError).output).toBe('why\n');
  expect(String(stream.read())).toMatch(/^\* good … fine \(\d\.\d s\)\n\* bad … FAILED \(\d\.\d s\)\n$/);
});

it('finds nothing missing where the tests run, and can name what to type', async () => {
  expect(await missingPackages('test')).toEqual([]);
  const boost = { name: 'libboost-dev', why: '', present: async () => false };
  expect(installLine([boost])).toBe(
    'sudo apt-get update && sudo apt-get install -y --no-install-recommends libboost-dev',
  );
});
