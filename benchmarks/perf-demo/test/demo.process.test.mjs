// The demo as people run it: real processes, all techniques, small files.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'flow-ipc-demo-test-'));
after(() => rmSync(folder, { recursive: true }));

/** @returns {Promise<{ code: number | null, stdout: string, stderr: string }>} */
function demo(...args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const parse = (stdout) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('--json prints one line for each size and technique, and nothing else', async () => {
  const { code, stdout, stderr } = await demo('--sizes', '100k,1m', '--shots', '3', '--json');
  assert.equal(code, 0, stderr);
  const lines = parse(stdout);
  assert.deepEqual(
    lines.map(({ size, technique, shots }) => [size, technique, shots]),
    [
      [100_000, 'classic-socket', 3],
      [100_000, 'shm-classic', 3],
      [100_000, 'shm-jemalloc', 3],
      [1_000_000, 'classic-socket', 3],
      [1_000_000, 'shm-classic', 3],
      [1_000_000, 'shm-jemalloc', 3],
    ],
  );
  for (const line of lines) {
    assert.deepEqual(Object.keys(line), ['size', 'technique', 'shots', 'rttUs']);
    assert.deepEqual(Object.keys(line.rttUs), ['median', 'min', 'max']);
    const { median, min, max } = line.rttUs;
    assert.ok(min > 0 && min <= median && median <= max, JSON.stringify(line));
  }
  assert.match(stderr, /1 MB, Zero-copy \(SHM-classic\): .* 10 chunks verified in each of 3 shots/);
});

test('serves a real file and compares what arrived with the disk', async () => {
  const path = join(folder, 'real.bin');
  const bytes = readFileSync(process.execPath).subarray(0, 2_345_678);
  writeFileSync(path, bytes);
  const { code, stdout, stderr } = await demo('--file', path, '--shots', '2', '--json');
  assert.equal(code, 0, stderr);
  assert.deepEqual(
    parse(stdout).map(({ size, technique }) => [size, technique]),
    [
      [bytes.length, 'classic-socket'],
      [bytes.length, 'shm-classic'],
      [bytes.length, 'shm-jemalloc'],
    ],
  );
});

test('prints tables and writes the chart', async () => {
  const { code, stdout, stderr } = await demo('--sizes', '100k', '--shots', '2', '--out', folder);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /100 kB │ +[\d.]+ (µs|ms) /);
  assert.match(stdout, /opening a session committed/);
  const [, svg, png] = /chart: (.*\.svg)\n +(.*\.png)/.exec(stdout) ?? [];
  assert.ok(existsSync(svg) && existsSync(png), stdout);
});

test('refuses what it does not understand', async () => {
  for (const args of [['--sizes', '1x'], ['--shots', '0'], ['--techniques', 'pigeon'], ['--nonsense']]) {
    const { code, stderr } = await demo(...args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, /error: /);
  }
  const { code, stderr } = await demo('--file', join(folder, 'missing'));
  assert.equal(code, 1);
  assert.match(stderr, /The demo failed: ENOENT/);
});

const pools = () => readdirSync('/dev/shm').filter((name) => name.startsWith('_libipc_shm_perfdemo_'));

test('interrupted in the middle of its work, it takes everything with it', async () => {
  const before = new Set(pools());
  const child = spawn(
    process.execPath,
    [main, '--sizes', '50m', '--shots', '10000', '--techniques', 'shm-classic'],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => child.on('close', resolve));
  while (pools().every((name) => before.has(name))) await setTimeout(20);
  await setTimeout(200);
  child.kill('SIGINT');
  assert.equal(await ended, 130);
  assert.deepEqual(
    pools().filter((name) => !before.has(name)),
    [],
  );
});
