// The test runners of `npm test`: each runs to its end and says how many tests passed, failed and were skipped.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findFiles } from './find-files.mjs';
import { errorsIn, fromClosingLine, fromTap, fromVitest, none } from './totals.mjs';
import { workspaceEnv } from './workspace-build.mjs';

/** A runner that has not come to its end by then hangs: it is ended and counts as crashed. */
const LIMIT_MS = (process.env.FLOW_IPC_LONG === '1' ? 120 : 25) * 60_000;

/**
 * @typedef {object} Outcome
 * @property {import('./totals.mjs').Totals} totals
 * @property {string} [crash] why the totals cannot be the whole truth
 * @property {string} [reason] what the runner said about that
 */

/**
 * Runs a command with its output on ours, and keeps a copy of it. The command leads a process group of its own,
 * so that a hanging one can be ended with all that it started.
 * @param {string} root @param {string} command @param {string[]} args
 * @returns {Promise<{ code: number, output: string, hung: boolean }>}
 */
function show(root, command, args) {
  return new Promise((resolve) => {
    let output = '';
    let hung = false;
    const child = spawn(command, args, {
      cwd: root,
      env: workspaceEnv(root),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const endAll = () => child.pid && process.kill(-child.pid, 'SIGKILL');
    const interrupt = () => {
      endAll();
      process.exit(130);
    };
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    const timer = setTimeout(() => {
      hung = true;
      endAll();
    }, LIMIT_MS);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk) => {
        output += chunk;
        process.stdout.write(chunk);
      });
    }
    child.on('error', (error) => resolve({ code: 127, output: String(error), hung }));
    child.on('close', (code) => {
      clearTimeout(timer);
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      resolve({ code: code ?? 137, output, hung });
    });
  });
}

/**
 * Puts a runner's totals and its exit code together: they must tell the same story.
 * @param {{ code: number, output: string, hung: boolean }} ended
 * @param {import('./totals.mjs').Totals | undefined} totals
 * @returns {Outcome}
 */
function judge({ code, output, hung }, totals) {
  if (hung) return { totals: totals ?? none(), crash: `did not end within ${LIMIT_MS / 60_000} minutes` };
  if (!totals) return { totals: none(), crash: `ended with code ${code} and no totals` };
  if (code !== 0 && totals.failed === 0)
    return { totals, crash: `ended with code ${code} though no test failed`, reason: errorsIn(output) };
  return { totals };
}

/**
 * Checks of the repository itself, one test each.
 * @param {string} root
 * @param {(name: string) => boolean} wanted
 * @returns {Promise<Outcome>}
 */
export async function checks(root, wanted) {
  /** @type {[string, string, string[]][]} */
  const all = [
    ['formatting and lint', 'biome', ['ci', '--colors=off', '--error-on-warnings', '.']],
    [
      'types',
      'turbo',
      ['run', 'typecheck', '--output-logs=errors-only', '--continue', '--no-update-notifier'],
    ],
    ['layers', 'node', ['tools/checks/layers.mjs']],
    ['lock file', 'node', ['tools/checks/lockfile.mjs']],
    ['feature tables', 'node', ['tools/checks/features.mjs']],
    ['links in documents', 'node', ['tools/checks/links.mjs']],
    ['generated code', 'node', ['tools/capnpc/regenerate.mjs', '--check']],
    ['packages', 'node', ['tools/checks/packages.mjs']],
  ];
  const totals = none();
  for (const [name, command, args] of all) {
    if (!wanted(`check: ${name}`)) continue;
    const { code, hung } = await show(root, command, args);
    console.log(`${code === 0 ? 'ok' : 'NOT OK'}: check: ${name}${hung ? ' (did not end)' : ''}`);
    if (code === 0) totals.passed++;
    else totals.failed++;
  }
  return { totals };
}

/**
 * Vitest over every package.
 * @param {string} root
 * @param {string | undefined} only
 * @returns {Promise<Outcome>}
 */
export async function vitest(root, only) {
  const report = join(root, '.cache', 'vitest.json');
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(report, { force: true });
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  if (only) args.push('--passWithNoTests', only);
  const ended = await show(root, 'vitest', args);
  return judge(ended, existsSync(report) ? fromVitest(JSON.parse(readFileSync(report, 'utf8'))) : undefined);
}

/**
 * Tests that need real processes, on the built packages, one file at a time.
 * @param {string} root
 * @param {(name: string) => boolean} wanted
 * @returns {Promise<Outcome>}
 */
export async function processTests(root, wanted) {
  const inTestFolder = /(^|\/)test\/(.*\/)?[^/]+\.process\.test\.mjs$/;
  const files = findFiles(root, (path) => inTestFolder.test(path)).filter(wanted);
  if (files.length === 0) return { totals: none() };
  const tap = join(root, '.cache', 'process-tests.tap');
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(tap, { force: true });
  const reporters = ['spec', 'stdout', 'tap', tap].map((value, i) =>
    i % 2 === 0 ? `--test-reporter=${value}` : `--test-reporter-destination=${value}`,
  );
  const ended = await show(root, 'node', ['--test', '--test-concurrency=1', ...reporters, ...files]);
  return judge(ended, existsSync(tap) ? fromTap(readFileSync(tap, 'utf8')) : undefined);
}

/**
 * The addon's tests with the address and undefined-behaviour sanitizers.
 * @param {string} root
 * @returns {Promise<Outcome>}
 */
export async function sanitizers(root) {
  const ended = await show(root, 'node', ['native/scripts/test-asan.mjs']);
  return judge(ended, fromClosingLine(ended.output));
}
