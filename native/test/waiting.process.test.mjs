// Locks in shared memory whose owners die, and waits that end with their thread.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { poolCreate } from '../dist/index.js';
import { entry, node, tick, uniqueName } from './process-support.mjs';

const newPool = () => {
  const pool = poolCreate(uniqueName(), 1 << 20, 0o600);
  return { pool, at: pool.objectCreate(16) };
};

test('three processes exclude each other', async () => {
  const { pool, at } = newPool();
  const code = `
    const pool = native.poolOpen(args[0]);
    const words = new Uint32Array(pool.view(args[1] + 8, 4));
    for (let i = 0; i < 20000; i++) {
      if (pool.lockTake(args[1], -1) !== 1) throw new Error('not taken');
      words[0]++;
      if (!pool.lockRelease(args[1])) throw new Error('not mine');
    }
    console.log('done');`;
  const runs = [1, 2, 3].map(() => node(code, [pool.name, at]).exited);
  for (const { stdout, stderr } of await Promise.all(runs)) assert.equal(stdout, 'done', stderr);
  assert.equal(new Uint32Array(pool.view(at + 8, 4))[0], 60000);
  assert.equal(new Uint32Array(pool.view(at, 4))[0], 0);
});

test('a lock is taken over from an owner that was killed, by who waits and by who comes', async () => {
  const { pool, at } = newPool();
  for (const waits of [false, true]) {
    const { child, exited, printed } = node(
      `globalThis.pool = native.poolOpen(args[0]); pool.lockTake(args[1], -1); console.log('up'); setInterval(() => {}, 1000);`,
      [pool.name, at],
    );
    await printed('up');
    assert.equal(pool.lockTake(at, 100), 0);
    if (waits) setTimeout(() => child.kill('SIGKILL'), 50);
    else child.kill('SIGKILL');
    if (!waits) await exited;
    const waiter = node(
      `const pool = native.poolOpen(args[0]); console.log(pool.lockTake(args[1], 10000)); pool.lockRelease(args[1]);`,
      [pool.name, at],
    );
    assert.equal((await waiter.exited).stdout, '2');
    await exited;
  }
  assert.equal(pool.lockTake(at, 0), 1);
});

test('a zombie is dead', async () => {
  const { pool, at } = newPool();
  // The shell does not reap what it started before it waits.
  const code = `
    import { spawn } from 'node:child_process';
    const pool = native.poolOpen(args[0]);
    const inner = ${JSON.stringify(`import * as native from ${JSON.stringify(entry)}; const [name, at] = process.argv.slice(1); globalThis.p = native.poolOpen(name); p.lockTake(Number(at), -1); console.log('held'); process.kill(process.pid, 'SIGKILL');`)};
    const shell = spawn('sh', ['-c', '"$0" --input-type=module -e "$1" "$2" "$3" & sleep 100', process.execPath, inner, args[0], args[1]], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    await new Promise((resolve) => shell.stdout.once('data', resolve));
    console.log(pool.lockTake(args[1], 10000));
    process.kill(-shell.pid, 'SIGKILL');`;
  const { stdout, stderr } = await node(code, [pool.name, at]).exited;
  assert.equal(stdout, '2', stderr);
});

test('a worker that is terminated lets go of its locks, and leaves its waits', async () => {
  const { pool, at } = newPool();
  const start = (code) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(
        new URL(
          `data:text/javascript,${encodeURIComponent(`
            import { parentPort } from 'node:worker_threads';
            import * as native from ${JSON.stringify(entry)};
            globalThis.pool = native.poolOpen(${JSON.stringify(pool.name)});
            const at = ${at};
            parentPort.postMessage('up');
            ${code}`)}`,
        ),
      );
      worker.once('message', () => resolve(worker));
      worker.once('error', reject);
    });
  const holder = await start('pool.lockTake(at, -1); setInterval(() => {}, 1000);');
  while (pool.lockTry(at, false) === 1) {
    pool.lockRelease(at);
    await tick(1);
  }
  const waiters = await Promise.all([
    start('pool.lockTake(at, -1);'),
    start('pool.futexWait(at + 8, 0, -1);'),
    start('const fd = pool.lockAwait(at, 1000); native.pollFd(fd, 1, -1);'),
  ]);
  await tick(50);
  await Promise.all(waiters.map((worker) => worker.terminate()));
  assert.equal(pool.lockTake(at, 20), 0);
  await holder.terminate();
  assert.equal(pool.lockTake(at, 10000), 2);
  assert.equal(pool.lockRelease(at), true);
});
