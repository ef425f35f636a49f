// The sync_io form between real processes, each blocked in epoll, in a thread whose event loop never turns.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NativeSocketStream } from '@flow-ipc/core';
import { inLanes, long, names, newUniverse, sleep, start } from './harness.mjs';

/** Kills of each side: 10, and 100 in the long run. */
const ROUNDS = long ? 100 : 10;
const SYNC_IO = { server: 'sync-io', client: 'sync-io' };
const roles = (role) => ({ TEST_ROLE: role });

for (const programs of [SYNC_IO, { ...SYNC_IO, server: 'server' }, { ...SYNC_IO, client: 'client' }]) {
  test(`client (${programs.client}) and server (${programs.server}) open channels both ways, talk and part`, async () => {
    const universe = newUniverse();
    // The client comes first.
    const client = start(universe, programs.client, roles('client'));
    await client.next('started');
    const server = start(universe, programs.server, roles('server'));
    const { pid } = await server.next('ready');
    assert.equal((await client.next('connected')).server, pid);
    assert.equal((await server.next('accepted')).client, client.child.pid);
    await client.next('busy');
    if (programs.client === 'client') client.child.send({});
    await client.next('done');
    const { code } = await server.next('lost');
    assert.match(code, /RECEIVES_FINISHED|EOF/);
    if (programs.client === 'sync-io') assert.deepEqual(await client.gone, { code: 0, signal: null });
    const turned = [...client.seen, ...server.seen].flatMap((e) => e.turned ?? []);
    assert.ok(turned.length > 0 && turned.every((n) => n === 0), 'an event loop of Node’s has turned');
    await server.kill();
    assert.deepEqual(names(universe.app), []);
  });
}

test(`a server in epoll is told of ${ROUNDS} clients killed, and serves the next`, async () => {
  const universe = newUniverse();
  const server = start(universe, 'sync-io', roles('server'));
  await server.next('ready');
  const killed = [];
  await inLanes(ROUNDS, 2, async (i) => {
    const client = start(universe, 'sync-io', { ...roles('client'), TEST_STAY: '1' });
    await client.next(i % 2 ? 'busy' : 'started');
    killed.push(client.child.pid);
    await client.kill();
  });
  const last = start(universe, 'sync-io', roles('client'));
  await last.next('done');
  while ((await server.next('lost')).client !== last.child.pid);
  const of = (event) =>
    server.seen.filter((e) => e.event === event && killed.includes(e.client)).map((e) => e.client);
  assert.deepEqual(of('lost').sort(), of('accepted').sort());
  assert.ok(of('lost').length >= ROUNDS / 2);
});

test('clients that hang up before they are accepted do not stop a server in epoll', async () => {
  const universe = newUniverse();
  const server = start(universe, 'sync-io', roles('server'));
  const { pid } = await server.next('ready');
  const listener = `_libipc_sockStmAcc_${universe.app}_${pid}_0_0`;
  let refused = 0;
  server.child.on('message', ({ event }) => {
    if (event === 'refused') refused++;
  });
  let over = false;
  // Five at a time, however fast or slow the server is: not so many that clients wait too long behind them.
  const hangUps = (async () => {
    for (let made = 0; !over; await sleep(1))
      for (; made < refused + 5; made++) NativeSocketStream.connect(listener).close();
  })();
  try {
    await inLanes(ROUNDS / 2, 2, async () => {
      await start(universe, 'sync-io', roles('client')).next('done');
    });
  } finally {
    over = true;
    await hangUps;
  }
  assert.ok(refused > 0);
});

test('a client in epoll is told when its server is killed', async () => {
  for (let i = 0; i < Math.ceil(ROUNDS / 5); i++) {
    const universe = newUniverse();
    const server = start(universe, 'sync-io', roles('server'));
    const client = start(universe, 'sync-io', { ...roles('client'), TEST_STAY: '1' });
    await client.next('busy');
    await server.kill();
    const { code } = await client.next('lost');
    assert.match(code, /EOF|SYSTEM|HOSED/);
    assert.deepEqual(await client.gone, { code: 0, signal: null });
  }
});

test('each side in epoll gives up a peer that is stopped', async () => {
  for (const victim of ['client', 'server']) {
    const universe = newUniverse();
    const env = { TEST_STAY: '1', TEST_PING: '100', TEST_IDLE: '2000' };
    const sides = {
      server: start(universe, 'sync-io', { ...roles('server'), ...env }),
      client: start(universe, 'sync-io', { ...roles('client'), ...env }),
    };
    await sides.client.next('busy');
    sides[victim].child.kill('SIGSTOP');
    const survivor = victim === 'client' ? sides.server : sides.client;
    assert.equal((await survivor.next('lost')).code, 'ERR_FLOW_IPC_RECEIVER_IDLE_TIMEOUT');
    sides[victim].child.kill('SIGCONT');
  }
});

test('a client that is refused is told why, and the server in epoll goes on', async () => {
  const universe = newUniverse();
  const server = start(universe, 'sync-io', roles('server'));
  await server.next('ready');
  const client = start(universe, 'sync-io', { ...roles('client'), TEST_CLIENT: 'stranger' });
  const code = 'ERR_FLOW_IPC_SESSION_SERVER_MASTER_LOG_IN_REQUEST_CLIENT_APP_DISALLOWED_OR_UNKNOWN';
  assert.equal((await client.next('refused')).cause, code);
  assert.equal((await server.next('refused')).code, code);
  const next = start(universe, 'sync-io', roles('client'));
  await next.next('done');
});
