// The examples, run as their readers would.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const conversation = 'one -> ONE\ntwo -> TWO\nthree -> THREE\n';

test('plain Node', async () => {
  const { stdout, stderr } = await run('node', [`${dist}plain-node.js`], { timeout: 30_000 });
  assert.equal(stdout, conversation);
  assert.equal(stderr, '');
});

test('a loop of one’s own, in a worker without an event loop', async () => {
  const { stdout, stderr } = await run('node', [`${dist}own-loop.js`], { timeout: 30_000 });
  assert.equal(stdout, conversation.repeat(2));
  assert.equal(stderr, '');
});

test('a session between two threads that block', async () => {
  const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-loops-'));
  const env = { ...process.env, LOOPS_RUN_DIR: runDir };
  try {
    // Through a shell, so that argv[0] is what the apps say.
    const { stdout, stderr } = await run('sh', ['-c', 'exec node "$0"', `${dist}session.js`], {
      env,
      timeout: 30_000,
    });
    assert.equal(stdout, conversation);
    assert.equal(stderr, '');
  } finally {
    rmSync(runDir, { recursive: true });
  }
});
