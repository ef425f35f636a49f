// Two processes go through everything that structured channels can do (feature 242), over four transports.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./programs/exercise.mjs', import.meta.url));
const running = new Set();
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

function start(role, name, transport) {
  const child = fork(program, [role, name, transport]);
  running.add(child);
  const told = [];
  const silent = new Promise((resolve) => {
    child.on('message', (m) => {
      told.push(m);
      if (m === 'silent') resolve();
    });
  });
  // Not its exit, which may be heard of before the last that it told.
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return { code, told };
  });
  return { child, silent, ended };
}

for (const transport of ['socket', 'bipc+socket', 'posix+socket', 'bipc']) {
  test(`the whole conversation over ${transport}`, { timeout: 60_000 }, async () => {
    const name = `structExercise${process.pid}${transport.replace('+', '')}`;
    const server = start('server', name, transport);
    const client = start('client', name, transport);
    // The client stops itself to be silent; once the server has noticed, it goes on.
    await Promise.race([stopped(client.child.pid), server.ended, client.ended]);
    await Promise.race([server.silent, server.ended]);
    client.child.kill('SIGCONT');
    assert.deepEqual(await client.ended, { code: 0, told: ['done'] });
    assert.deepEqual(await server.ended, { code: 0, told: ['silent', 'done'] });
    const left = readdirSync('/dev/shm').filter((file) => file.includes(name));
    assert.deepEqual(left, []);
  });
}

/** Until the process stopped itself, or is gone. */
async function stopped(pid) {
  const stat = `/proc/${pid}/stat`;
  while (existsSync(stat)) {
    const text = readFileSync(stat, 'latin1');
    if (text.slice(text.lastIndexOf(')') + 2).startsWith('T')) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
