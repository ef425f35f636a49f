// A client that blocks as soon as it is connected, when the server still waits for its word on the lend channel.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newUniverse, pools, start, until } from './processes.mjs';

test('a client that blocks at once answers for arenas and pools all the same', {
  timeout: 300_000,
}, async (t) => {
  const universe = newUniverse();
  const server = start(universe, 'server');
  await server.next('ready');
  const clients = [1, 2].map(() => start(universe, 'blocker', { TEST_SESSIONS: '20' }));
  for (const client of clients) {
    t.diagnostic(JSON.stringify(await client.next('done')));
    assert.equal((await client.gone).code, 0);
    assert.deepEqual(
      client.seen.filter(({ event }) => event === 'damaged'),
      [],
    );
  }
  await until(async () => (await server.ask('report')).objects === 0);
  server.child.send({ question: 'end' });
  assert.equal((await server.gone).code, 0);
  assert.deepEqual(pools(universe.app), []);
});
