// A browser's view: pages come from several processes, and go on coming when one of them dies.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));

/** One request on a connection of its own; the page, or undefined where the connection broke. */
async function get(url) {
  try {
    const response = await fetch(url, { headers: { connection: 'close' } });
    return await response.text();
  } catch {
    return undefined;
  }
}

test('connections are served by workers, of which one may die', { timeout: 60_000 }, async () => {
  const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-example-'));
  const env = { ...process.env, WEB_RUN_DIR: runDir };
  const server = spawn('node', [`${dist}server.js`], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let [line] = await once(server.stdout, 'data');
    const url = /http:\S+/.exec(String(line))[0];
    const pids = async () => {
      const pages = await Promise.all(Array.from({ length: 40 }, (_, i) => get(`${url}page${i}`)));
      for (const [i, page] of pages.entries())
        assert.match(page ?? '', new RegExp(`^/page${i} by process \\d+\\n$`));
      return new Set(pages.map((page) => /\d+$/m.exec(page)[0]));
    };
    const before = await pids();
    assert.equal(before.size, 2);
    assert.ok(!before.has(String(server.pid)));
    assert.equal(await get(`${url}crash`), undefined);
    [line] = await once(server.stdout, 'data'); // two again
    const after = await pids();
    assert.equal(after.size, 2);
    assert.equal([...after].filter((pid) => before.has(pid)).length, 1);
  } finally {
    server.kill('SIGKILL');
    await once(server, 'exit');
    rmSync(runDir, { recursive: true });
  }
});
