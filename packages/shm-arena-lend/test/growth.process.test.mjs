// Both sides of a session make their arenas grow at once, and threads of one process each their own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { newUniverse, pools, size, start, until } from './processes.mjs';

const SECONDS = size(4, 60);

test('both sides of a session grow at once, and both get on', { timeout: 600_000 }, async (t) => {
  const universe = newUniverse();
  const env = { TEST_SECONDS: String(SECONDS) };
  const server = start(universe, 'grower', { ...env, TEST_ROLE: 'server' });
  await server.next('ready');
  const client = start(universe, 'grower', { ...env, TEST_ROLE: 'client' });
  const both = [server, client];
  const results = await Promise.all(both.map((side) => side.next('quiet')));
  t.diagnostic(JSON.stringify(results));
  await Promise.all(both.map((side) => side.ask('drop')));
  // What was still on its way arrives, is held, and is dropped at last.
  await until(async () => {
    await Promise.all(both.map((side) => side.ask('drop')));
    const left = await Promise.all(both.map((side) => side.ask('left')));
    for (const { error } of left) assert.equal(error, undefined);
    return left.every(({ objects }) => objects === 0);
  });
  for (const { received, pools: most } of results) {
    assert.ok(received > 100, `only ${received} messages`);
    assert.ok(most > 1);
  }
  client.child.send({ question: 'end' });
  // The server learns that the client finished, which is how its session ends.
  assert.equal((await server.next('over')).code, 'ERR_FLOW_IPC_SESSION_FINISHED');
  server.child.send({ question: 'end' });
  for (const side of both) {
    assert.equal((await side.gone).code, 0);
    assert.deepEqual(
      side.seen.filter(({ event }) => event === 'damaged'),
      [],
    );
  }
  assert.deepEqual(pools(universe.app), []);
});

test('8 worker threads allocate, each in an arena of its own, and end in every way', async () => {
  const name = `flowipc_test_lend${process.pid}_`;
  const code = `
    const { workerData: how, parentPort: port } = require('node:worker_threads');
    import(${JSON.stringify(import.meta.resolve('@flow-ipc/shm-arena-lend'))}).then(({ IpcArena }) => {
      const arena = IpcArena.create(${JSON.stringify(name)} + how.i + '_');
      let seed = how.i;
      const size = () => 1 + ((seed = (seed * 1103515245 + 12345) % 2147483648) % 50000);
      const blocks = [];
      for (let n = 0; n < 5000; n++) {
        const bytes = size();
        const address = arena.allocate(bytes);
        if (n % 10 === 0) new Uint8Array(arena.view(address, bytes)).fill(how.i + 1);
        blocks.push([address, bytes, n % 10 === 0]);
        if (blocks.length > 500) {
          const [old, length, filled] = blocks.splice(size() % blocks.length, 1)[0];
          if (filled && !new Uint8Array(arena.view(old, length)).every((b) => b === how.i + 1)) throw new Error('damaged');
          arena.free(old);
        }
      }
      port.postMessage(arena.stats);
      if (how.end === 'close') arena.close();
      if (how.end === 'exit') process.exit(0);
      if (how.end === 'throw') throw new Error('mine');
      if (how.end === 'terminate') setInterval(() => arena.free(arena.allocate(100)), 1);
    });`;
  const ends = ['close', 'exit', 'throw', 'terminate', 'close', 'exit', 'terminate', 'nothing'];
  await Promise.all(
    ends.map(async (end, i) => {
      const worker = new Worker(code, { eval: true, workerData: { i, end } });
      const gone = new Promise((resolve) => worker.once('exit', resolve));
      let failed;
      worker.on('error', (err) => {
        failed = err;
      });
      const stats = await Promise.race([new Promise((resolve) => worker.once('message', resolve)), gone]);
      assert.equal(typeof stats, 'object', `ended before it was done: ${failed?.message}`);
      assert.equal(stats.objects, 500);
      assert.ok(stats.allocated > 500 * 10000);
      if (end === 'terminate') await worker.terminate();
      await gone;
      assert.equal(failed?.message, end === 'throw' ? 'mine' : undefined);
    }),
  );
  assert.deepEqual(pools(name.slice(0, -1).replace('flowipc_test_', '')), []);
});
