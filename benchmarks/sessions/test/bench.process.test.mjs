// The benchmark runs, small, says something about each subject, and leaves nothing behind.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

test('every subject is measured, with the floor beside', async () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const running = promisify(execFile)('sh', ['-c', 'exec node "$0" --quick --json', main], {
    timeout: 60_000,
  });
  const { pid } = running.child;
  const { stdout, stderr } = await running;
  assert.equal(stderr, '');
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(lines.length, 1 + 3 * 4);
  for (const { subject, median, min, p99, max, n, floor } of lines) {
    assert.ok(0 < min && min <= median && median <= p99 && p99 <= max, subject);
    assert.ok(n >= 30 && floor > 0, subject);
  }
  assert.deepEqual(
    readdirSync('/dev/shm').filter((name) => name.includes(`bench${pid}k`)),
    [],
  );
});
