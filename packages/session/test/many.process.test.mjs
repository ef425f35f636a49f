// Many of everything: starters of one server app, sessions one after another, sessions at the same time.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ClientSession, cnsPath } from '@flow-ipc/session';
import { long, names, newUniverse, start, until } from './harness.mjs';

const descriptorsOf = (pid) => readdirSync(`/proc/${pid}/fd`).length;

test('two servers that start at once, 200 times: clients find exactly one, the one that announced itself last', async () => {
  const universe = newUniverse();
  // This process is the client; the runner started it under a name of its own.
  const env = { TEST_CLI_EXEC: process.argv0 };
  const app = { ...universe.server, execPath: process.argv0, allowedClients: ['cli'] };
  const starters = [start(universe, 'starter', env), start(universe, 'starter', env)];
  for (const starter of starters) await starter.next('ready');
  const wins = new Map(starters.map(({ child }) => [child.pid, 0]));
  for (let i = 0; i < 200; i++) {
    for (const { child } of i % 2 ? starters : starters.toReversed()) child.send({ order: 'start' });
    for (const starter of starters) await starter.next('started');
    const content = readFileSync(cnsPath(universe.server), 'utf8');
    assert.match(content, /^\d+\n$/);
    const winner = Number(content);
    const session = await ClientSession.connect({
      client: { ...app, name: 'cli' },
      server: { ...app, execPath: 'node' },
    });
    assert.equal(session.peer.pid, winner);
    await session.close();
    wins.set(winner, wins.get(winner) + 1);
    for (const { child } of starters) child.send({ order: 'stop' });
    for (const starter of starters) await starter.next('stopped');
  }
  const accepted = starters.map(({ seen }) => seen.filter((e) => e.event === 'accepted').length);
  assert.deepEqual(accepted, [...wins.values()]);
  assert.equal(
    [...wins.values()].reduce((a, b) => a + b),
    200,
  );
  assert.deepEqual(names(universe.app), []);
});

const CYCLES = long ? 10_000 : 1000;

test(`${CYCLES} sessions opened and closed: descriptors, memory and names stay as they are`, {
  timeout: 600_000,
}, async (t) => {
  const universe = newUniverse();
  const server = start(universe, 'server', { TEST_SERVER_OPENS: '0' });
  await server.next('ready');
  const before = descriptorsOf(server.child.pid);
  const client = start(universe, 'cycles', { TEST_CYCLES: String(CYCLES), NODE_OPTIONS: '--expose-gc' });
  await client.next('done', 500_000);
  const cycles = client.seen.filter((e) => e.event === 'cycle');
  assert.ok(cycles.length >= 5);
  assert.equal(new Set(cycles.map((c) => c.descriptors)).size, 1, 'descriptors of the client');
  for (let i = 0; i < CYCLES; i++) await server.next('lost');
  await until('the server keeps descriptors', () => descriptorsOf(server.child.pid) <= before + 2);
  const [first, last] = [cycles[0].heap, cycles.at(-1).heap];
  t.diagnostic(`heap of the client after a fifth and at the end: ${first} and ${last} bytes`);
  // A session that leaked would cost 10 kB and more.
  assert.ok(last - first < 2000 * (CYCLES * 0.8), `the heap grew by ${last - first} bytes`);
  assert.deepEqual(names(universe.app), []);
});

test('64 clients at once against one server', { timeout: 120_000 }, async () => {
  const universe = newUniverse();
  const server = start(universe, 'server', { TEST_SERVER_OPENS: '1' });
  await server.next('ready');
  const crowds = Array.from({ length: 8 }, () => start(universe, 'crowd', { TEST_SESSIONS: '8' }));
  const namespaces = [];
  for (const crowd of crowds) namespaces.push(...(await crowd.next('open', 60_000)).namespaces);
  assert.equal(new Set(namespaces).size, 64);
  for (const crowd of crowds) crowd.child.send({});
  for (const crowd of crowds) await crowd.next('done');
  for (let i = 0; i < 64; i++) assert.match((await server.next('lost')).code, /RECEIVES_FINISHED/);
  assert.equal(server.seen.filter((e) => e.event === 'refused').length, 0);
});
