// The benchmark runs, small, and says something about each contender.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

test('every contender finishes', async () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [main, '2000', '10000', '1']);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(lines.length, 10);
  for (const { medianNs, leastNs } of lines) assert.ok(medianNs > 0 && leastNs > 0);
});
