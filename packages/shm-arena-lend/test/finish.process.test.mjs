// A session ends though the other side does not answer: it is stopped, as by a debugger. Takes 5 s a time, as users wait.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newUniverse, pools, start } from './processes.mjs';

const ROLES = ['server', 'client'];

for (const closing of ROLES) {
  test(`the ${closing} closes a session whose other side is stopped`, { timeout: 120_000 }, async () => {
    const universe = newUniverse();
    const server = start(universe, 'closer', { TEST_ROLE: 'server' });
    await server.next('ready');
    const client = start(universe, 'closer', { TEST_ROLE: 'client' });
    await Promise.all([server.next('open'), client.next('open')]);
    const [ours, theirs] = closing === 'server' ? [server, client] : [client, server];
    theirs.child.kill('SIGSTOP');
    ours.child.send({});
    const closed = await ours.next('closed');
    assert.equal((await ours.gone).code, 0);
    assert.ok(closed.ms >= 4900, `waited only ${closed.ms} ms`);
    const warnings = ours.seen.filter(({ event }) => event === 'warning');
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['ERR_FLOW_IPC_SHM_FINISH_TIMEOUT'],
    );
    // Who goes on finds the session over, and ends in good order.
    theirs.child.kill('SIGCONT');
    await theirs.next('over');
    theirs.child.send({});
    await theirs.next('closed');
    assert.equal((await theirs.gone).code, 0);
    assert.deepEqual(
      theirs.seen.filter(({ event }) => event === 'warning'),
      [],
    );
    assert.deepEqual(pools(universe.app), []);
  });
}

test('a session whose other side answers ends without waiting', { timeout: 120_000 }, async () => {
  const universe = newUniverse();
  const server = start(universe, 'closer', { TEST_ROLE: 'server' });
  await server.next('ready');
  const client = start(universe, 'closer', { TEST_ROLE: 'client' });
  await Promise.all([server.next('open'), client.next('open')]);
  client.child.send({});
  await client.next('closed');
  assert.equal((await client.gone).code, 0);
  assert.equal((await server.next('over')).code, 'ERR_FLOW_IPC_SESSION_FINISHED');
  server.child.send({});
  await server.next('closed');
  assert.equal((await server.gone).code, 0);
  for (const { seen } of [server, client])
    assert.deepEqual(
      seen.filter(({ event }) => event === 'warning'),
      [],
    );
  assert.deepEqual(pools(universe.app), []);
});
