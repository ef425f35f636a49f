// kill -9 at any instant, while arenas grow and messages are on loan: 200 kills, 2,000 in the long run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inLanes, newUniverse, pools, random, size, sleep, start, until } from './processes.mjs';

const CLIENTS = size(160, 1600);
const SERVERS = size(40, 400);
const MINUTES = 60_000;

const damaged = (program) => program.seen.filter((event) => event.event === 'damaged');

test('clients killed: all they had borrowed comes back, and the server goes on', {
  timeout: 60 * MINUTES,
}, async () => {
  const universe = newUniverse();
  const server = start(universe, 'server');
  await server.next('ready');
  const chance = random(3);
  await inLanes(CLIENTS, 3, async (i) => {
    const client = start(universe, 'client');
    // A third while they connect, a third as they begin, a third with messages on loan.
    await client.next(['started', 'connected', 'busy'][i % 3]);
    await sleep(chance() * 40);
    await client.kill();
    assert.deepEqual(damaged(client), []);
  });
  // Nothing of what was lent to the dead is still on loan.
  let report;
  await until(async () => {
    report = await server.ask('report');
    return report.sessions === 0 && report.objects === 0;
  });
  // The dead clients' own pools go with the next start of a client or server of the app.
  const last = start(universe, 'client');
  await last.next('busy');
  last.child.send({});
  assert.equal((await last.gone).code, 0);
  await until(async () => (await server.ask('report')).objects === 0);
  server.child.send({ question: 'end' });
  assert.equal((await server.gone).code, 0);
  assert.deepEqual(pools(universe.app), []);
});

test('servers killed: what was borrowed stays whole, and the next start leaves no pool behind', {
  timeout: 60 * MINUTES,
}, async () => {
  const universe = newUniverse();
  const clients = [1, 2].map(() => start(universe, 'client', { TEST_RECONNECT: '1' }));
  const chance = random(5);
  for (let i = 0; i < SERVERS; i++) {
    const server = start(universe, 'server');
    await server.next('ready');
    // Half of them at any instant, half after a session was opened, however slow the machine.
    if (i % 2) await connectedTo(clients[(i >> 1) % 2], server.child.pid);
    await sleep(20 + chance() * 80);
    await server.kill();
  }
  const server = start(universe, 'server');
  await server.next('ready');
  const dead = pools(universe.app).filter((name) => !name.includes(`_${universe.app}_${server.child.pid}_`));
  assert.deepEqual(dead, []);
  for (const client of clients) {
    await connectedTo(client, server.child.pid);
    client.child.send({});
    assert.equal((await client.gone).code, 0);
    assert.deepEqual(damaged(client), []);
    assert.ok(client.seen.some(({ event }) => event === 'lost'));
  }
  await until(async () => (await server.ask('report')).objects === 0);
  server.child.send({ question: 'end' });
  assert.equal((await server.gone).code, 0);
  assert.deepEqual(pools(universe.app), []);
});

async function connectedTo(client, server) {
  while ((await client.next('connected')).server !== server);
}
