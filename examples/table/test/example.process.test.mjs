// The example as it stands: three readers see all of a table that grows under their eyes, and nothing stays behind.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const writer = fileURLToPath(new URL('../dist/writer.js', import.meta.url));

test('one process fills the table, three read it while it grows', async () => {
  const total = 20_000;
  const { stdout } = await promisify(execFile)(process.execPath, [writer, String(total)]);
  const lines = stdout.trim().split('\n');
  let [volume, sum] = [0, 0];
  for (let i = 0; i < total; i++) {
    volume += 1 + (i % 10);
    sum += 100 + (i % 7);
  }
  for (const number of [1, 2, 3]) {
    const line = lines.find((text) => text.startsWith(`reader ${number}:`));
    assert.match(line, new RegExp(`: ${total} trades, volume ${volume}, mean ${(sum / total).toFixed(3)},`));
  }
  assert.equal(lines.at(-1), `volume ${volume}`);
  assert.equal(lines.filter((line) => / 4000 trades, /.test(line)).length, 5);
  assert.deepEqual(
    readdirSync('/dev/shm').filter((name) => name.startsWith('table_example_')),
    [],
  );
});
