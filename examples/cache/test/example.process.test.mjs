// The README's example, run as its reader would: first without the server, then with it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const dist = fileURLToPath(new URL('../dist/', import.meta.url));
// A run directory of its own, so that a reader's own cache server is left alone.
const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-example-'));
const env = { ...process.env, TMPDIR: runDir };
after(() => rmSync(runDir, { recursive: true }));

test('without a server the client says what is wrong and what to do', async () => {
  await assert.rejects(run('node', [`${dist}client.js`, 'x'], { env }), (err) => {
    assert.match(err.stderr, /No server 'cache' has been started.*Start it/);
    assert.match(err.stderr, /code: 'ERR_FLOW_IPC_SESSION_SERVER_NOT_RUNNING'/);
    return true;
  });
});

test('with a server it gets its file', async () => {
  const server = spawn('node', [`${dist}server.js`], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await once(server.stdout, 'data');
    const file = process.execPath;
    for (let i = 0; i < 3; i++) {
      const { stdout } = await run('node', [`${dist}client.js`, file], { env });
      assert.equal(stdout, `${file}: ${statSync(file).size} bytes\n`);
    }
  } finally {
    server.kill('SIGKILL');
    await once(server, 'exit');
    // A killed server leaves its pools to the next one; here there is none.
    for (const name of readdirSync('/dev/shm'))
      if (name.includes(`_cache_${server.pid}_`)) unlinkSync(`/dev/shm/${name}`);
  }
});
