// A process that is stopped: for a while it is borne, for longer it is given up, with the times that are the default.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newUniverse, sleep, start } from './harness.mjs';

/** Both sides, in the midst of their traffic. */
async function busyPair() {
  const universe = newUniverse();
  const server = start(universe, 'server');
  await server.next('ready');
  const client = start(universe, 'client');
  await client.next('busy');
  return { server, client };
}

/** Both directions at once: each pair has its victim. */
const victims = ['client', 'server'];

test('a process that is stopped for 3 seconds goes on as if nothing had been', async () => {
  await Promise.all(
    victims.map(async (victim) => {
      const pair = await busyPair();
      pair[victim].child.kill('SIGSTOP');
      await sleep(3000);
      pair[victim].child.kill('SIGCONT');
      pair.client.child.send({});
      const { pending, settled } = await pair.client.next('done');
      assert.equal(settled, pending);
      // The orderly end of the client is the only one there was.
      assert.match((await pair.server.next('lost')).code, /RECEIVES_FINISHED/);
      assert.deepEqual(
        [...pair.client.seen, ...pair.server.seen].filter(({ event }) => event === 'lost').length,
        1,
      );
    }),
  );
});

test('one that is stopped for longer is given up with its code, and nothing pends', async () => {
  await Promise.all(
    victims.map(async (victim) => {
      const pair = await busyPair();
      const survivor = victim === 'client' ? pair.server : pair.client;
      pair[victim].child.kill('SIGSTOP');
      const { code } = await survivor.next('lost');
      assert.equal(code, 'ERR_FLOW_IPC_RECEIVER_IDLE_TIMEOUT');
      if (victim === 'server') {
        const { pending, settled } = await pair.client.next('over');
        assert.equal(settled, pending);
      }
    }),
  );
});

test('a thread that computes for longer than the idle time-out is not given up', async () => {
  const universe = newUniverse();
  const env = { TEST_PING: '300', TEST_IDLE: '2000', TEST_BUSY: '5000', TEST_SERVER_OPENS: '0' };
  const server = start(universe, 'server', env);
  await server.next('ready');
  const client = start(universe, 'busy', env);
  await client.next('done');
  // What was read late, or came late, is no reason to give up the other either.
  assert.deepEqual(
    client.seen.map(({ event }) => event),
    ['connected', 'computed', 'done'],
  );
  const { code } = await server.next('lost');
  assert.match(code, /RECEIVES_FINISHED/);
});
