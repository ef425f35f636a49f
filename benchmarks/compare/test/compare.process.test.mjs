// The command as people run it: every subject in real processes, a few iterations of everything but the largest.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flow-ipc-compare-test-'));
after(() => rmSync(folder, { recursive: true }));

/** @returns {Promise<{ code: number | null, stdout: string, stderr: string }>} */
function bench(...args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const SUBJECTS = [
  'c-floor',
  ...[
    'raw-socket',
    'posix-mq',
    'bipc-mq',
    'structured-heap',
    'structured-shm-classic',
    'structured-shm-jemalloc',
  ].flatMap((name) => [`${name}/async`, `${name}/blocking`]),
  'node-net',
  'child-process-json',
  'child-process-advanced',
  'message-port',
  'zeromq',
  'grpc',
];

/**
 * `npm test`: every subject with a small message to and fro, a larger one that many send in pieces one way, the file;
 * connections and several clients with one of each sort. FLOW_IPC_LONG=1: everything but 100 MiB and 64 clients.
 */
const SORTS = [
  'raw-socket/async',
  'posix-mq/blocking',
  'structured-shm-classic/async',
  'child-process-json',
  'message-port',
  'grpc',
];
const ONLY = process.env.FLOW_IPC_LONG
  ? '*'
  : [
      'round-trip/64B',
      'memory/64B',
      'one-way/64KiB',
      'payload',
      ...SORTS.flatMap((sort) => [`open ${sort}`, `clients/8 ${sort}`]),
    ].join();

/** What may not stay behind; the guard of the server's name does by design. */
const left = () => [
  ...readdirSync('/dev/shm').filter(
    (name) => !name.startsWith('sem.') && /_compare_\d|flowIpcCompare/.test(name),
  ),
  ...readdirSync(tmpdir()).filter((name) => /^flow-ipc-(compare-(?!test)|floor-)/.test(name)),
];

test('--json prints a line with every key for each bench and subject', async () => {
  const before = left();
  const { code, stdout, stderr } = await bench('--smoke', '--json', '--only', ONLY);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.filter(({ error }) => error !== undefined),
    [],
  );
  assert.equal(code, 0, stderr);
  for (const line of lines) {
    assert.deepEqual(Object.keys(line), ['bench', 'subject', 'unit', 'median', 'min', 'max', 'n', 'floor']);
    const { median, min, max, n, floor, unit } = line;
    assert.ok(min > 0 && min <= median && median <= max && n >= 1 && floor > 0, JSON.stringify(line));
    // Within what any machine does: a nanosecond to half a minute, one to a thousand million a second.
    if (unit.startsWith('µs')) assert.ok(median > 1e-3 && median < 3e7, JSON.stringify(line));
    else assert.ok(median > 0.01 && median < 1e9, JSON.stringify(line));
  }
  const of = (bench) => lines.filter((line) => line.bench === bench).map(({ subject }) => subject);
  assert.deepEqual(of('round-trip/64B').sort(), [...SUBJECTS].sort());
  assert.deepEqual([...new Set(of('one-way/64KiB'))].sort(), [...SUBJECTS].sort());
  assert.deepEqual(
    [...new Set(lines.filter(({ bench }) => bench === 'one-way/64KiB').map(({ unit }) => unit))],
    ['messages/s', 'MB/s'],
  );
  assert.ok(of('open').includes('grpc') && !of('open').includes('posix-mq/blocking'));
  assert.ok(of('clients/8').includes('posix-mq/blocking'));
  assert.deepEqual(left(), before);
});

test('prints tables, and writes report, charts and lines', async () => {
  const only = 'round-trip/64B node-net,round-trip/64B raw-socket/blocking';
  const { code, stdout, stderr } = await bench('--smoke', '--only', only, '--out', folder);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /│ +1.* │ raw-socket\/blocking +│ +[\d.]+ [µm]s │/);
  assert.match(stdout, /round-trip\/64B +│ raw-socket\/blocking .* │ node-net /);
  const report = readFileSync(join(folder, 'report.md'), 'utf8');
  for (const text of [
    '## The machine',
    '| zeromq | 6.',
    'load average',
    '### round-trip/64B',
    '](round-trip-64B.svg)',
  ]) {
    assert.ok(report.includes(text), text);
  }
  assert.ok(!report.includes('### cpu/64B'), 'only what was asked for');
  for (const file of ['round-trip-64B.svg', 'round-trip-64B.png'])
    assert.ok(existsSync(join(folder, file)), file);
  assert.equal(readFileSync(join(folder, 'results.jsonl'), 'utf8').trimEnd().split('\n').length, 3);
});

test('refuses what it does not understand', async () => {
  for (const args of [['--nonsense'], ['--quick', '--smoke'], ['--smoke', '--only', 'pigeon']]) {
    const { code, stderr } = await bench(...args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, /error: |leaves nothing to measure/);
  }
});

test('shows a subject that fails as failed, and goes on with the others', async () => {
  // A compiler that makes a program which ends at once: the floor.
  const child = spawn(process.execPath, [main, '--smoke', '--json', '--only', 'round-trip/64B node-net'], {
    env: { ...process.env, CC: join(import.meta.dirname, 'broken-cc.sh') },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code, 1);
  const [floor, net] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .sort((a, b) => a.subject.localeCompare(b.subject));
  assert.deepEqual([floor.subject, floor.n, floor.median, floor.floor], ['c-floor', 0, null, null]);
  assert.match(floor.error, /ended/);
  assert.deepEqual([net.subject, net.floor], ['node-net', null]);
  assert.ok(net.median > 0);
});

test('interrupted in the midst of it, it takes everything with it', async () => {
  const before = left();
  const child = spawn(process.execPath, [main, '--only', 'round-trip/64B structured-shm-classic'], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  while (left().every((name) => !/_compare_\d/.test(name) || before.includes(name))) await setTimeout(20);
  await setTimeout(300);
  child.kill('SIGINT');
  assert.equal(await ended, 130);
  assert.deepEqual(left(), before);
});

test('processes that are killed leave no queue behind', async () => {
  const before = left();
  for (const kind of ['posix', 'bipc']) {
    const child = spawn(process.execPath, [main, '--json', '--only', `round-trip/64B ${kind}-mq/async`], {
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    const queues = () =>
      left().filter((name) => name.includes(`${kind}Q_sentinel`) && !before.includes(name));
    while (queues().length < 4) await setTimeout(5);
    const pids = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').match(/\d+/g);
    // A command of its own, which is content when the others end as soon as one is dead.
    spawnSync('kill', ['-KILL', ...pids]);
    assert.equal(await ended, 1);
    assert.deepEqual(left(), before);
  }
});
