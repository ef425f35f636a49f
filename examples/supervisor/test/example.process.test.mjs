// The supervisor with its workers, one of which dies of its job.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

test('all jobs but the deadly one are done, its worker is replaced', async () => {
  const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-example-'));
  try {
    const env = { ...process.env, SQUARES_RUN_DIR: runDir };
    const { stdout } = await promisify(execFile)('node', [`${dist}supervisor.js`], { env, timeout: 60_000 });
    assert.match(stdout, /job 3 has failed/);
    assert.match(stdout, /worker \d+ is gone \(SIGABRT\); starting another/);
    assert.match(stdout, /19 of 20 squares, sum 2861\n$/);
  } finally {
    rmSync(runDir, { recursive: true });
  }
});
