// Runs all tests of this package, and those of others that feed the addon hostile bytes, against the ASan + UBSan build, and fails on any sanitizer report. Reports go to
// standard error; that of children is looked at by test/process-support.mjs. Prints counts.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const addon = join(root, 'build-asan', 'Release', 'flow_ipc.node');
const scratch = mkdtempSync(join(tmpdir(), 'flow-ipc-asan-'));
const started = Date.now();

function fail(message) {
  console.error(`test-asan: ${message}`);
  process.exitCode = 1;
}

function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...options });
}

function runtime(name) {
  const path = run(process.env.CXX ?? 'c++', [`-print-file-name=${name}`]).stdout.trim();
  if (!existsSync(path)) throw new Error(`the compiler has no ${name}`);
  return path;
}

const prepared = [
  run(process.execPath, ['scripts/build.mjs', '--sanitize'], { stdio: ['ignore', 'ignore', 'inherit'] }),
  // The process tests import dist/.
  run('npx', ['tsup'], { stdio: ['ignore', 'ignore', 'inherit'] }),
];
if (prepared.some(({ status }) => status !== 0)) process.exit(1);

const env = {
  ...process.env,
  // Node itself is not instrumented, so the runtimes have to be there before it.
  LD_PRELOAD: `${runtime('libasan.so')} ${runtime('libubsan.so')}`,
  // detect_leaks=0: V8 and Node free next to nothing at exit, and the checker cannot tell their memory from ours.
  // Leaks of descriptors and mappings are what the tests themselves look for.
  ASAN_OPTIONS: 'detect_leaks=0:halt_on_error=1:exitcode=99',
  UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1:exitcode=99',
  FLOW_IPC_NATIVE_PATH: addon,
};

const check = run(
  process.execPath,
  ['--input-type=module', '-e', "import { version } from './dist/index.js'; console.log(version);"],
  { env },
);
if (!check.stdout.includes('asan+ubsan')) {
  fail(`the sanitizer build does not load: ${check.stdout}${check.stderr}`);
  process.exit(1);
}

const totals = { passed: 0, failed: 0, skipped: 0 };

/** Tests of packages above, by their paths from the workspace's root; smaller there than by themselves. */
const HOSTILE_BYTES = ['packages/core/test/frame-fuzz.test.ts'];

function runVitest(name, folder, files, extra = {}) {
  const summary = join(scratch, `${name}.json`);
  const vitest = run(
    'npx',
    ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile=${summary}`, ...files],
    { cwd: folder, env: { ...env, ...extra } },
  );
  if (existsSync(summary)) {
    const result = JSON.parse(readFileSync(summary, 'utf8'));
    totals.passed += result.numPassedTests;
    totals.failed += result.numFailedTests;
    totals.skipped += result.numPendingTests + result.numTodoTests;
  }
  if (vitest.status !== 0) fail(`vitest failed:\n${vitest.stdout}${vitest.stderr}`);
  return vitest;
}

const vitest = runVitest('own', root, []);
const fuzz = runVitest('fuzz', join(root, '..'), HOSTILE_BYTES, { FLOW_IPC_FUZZ_FRAMES: '100000' });

// The thread sanitizer's program is not built with these, and runs with the other process tests.
const files = readdirSync(join(root, 'test')).filter(
  (name) => name.endsWith('.process.test.mjs') && name !== 'tsan.process.test.mjs',
);
const processes = run(
  process.execPath,
  ['--test', '--test-reporter=tap', ...files.map((name) => join('test', name))],
  { env },
);
const count = (what) =>
  Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(processes.stdout)?.[1] ?? Number.NaN);
totals.passed += count('pass');
totals.failed += count('fail') + count('cancelled');
totals.skipped += count('skipped') + count('todo');
if (processes.status !== 0) fail(`node --test failed:\n${processes.stdout}${processes.stderr}`);

const printed = [vitest, fuzz, processes].map(({ stdout, stderr }) => stdout + stderr).join('\n');
const found = printed.match(/^.*(ERROR: AddressSanitizer|runtime error:).*$/gm) ?? [];
if (found.length > 0) fail(`${found.length} sanitizer report(s), the first: ${found[0]}`);
if (!(totals.passed > 0) || totals.failed > 0) fail('not all tests passed');
for (const [line] of printed.matchAll(/^.*(# SKIP|↓).*$/gm))
  console.log(`test-asan: not run: ${line.trim()}`);

rmSync(scratch, { recursive: true, force: true });
console.log(
  `test-asan: ${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped, ` +
    `${found.length} sanitizer reports, ${((Date.now() - started) / 1000).toFixed(0)} s`,
);
