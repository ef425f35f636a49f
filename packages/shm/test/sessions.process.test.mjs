// Two real processes: they talk, die, stop, come back; the other is told, and nothing is left behind.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { on, once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { guardName } from '@flow-ipc/session';

const program = (name) => fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url));
let count = 0;
const running = new Set();
let undo = [];

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  for (const f of undo) f();
  undo = [];
});

function newUniverse() {
  const app = `proc${process.pid}n${++count}`;
  const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-test-'));
  undo.push(() => {
    rmSync(runDir, { recursive: true });
    const guard = `/dev/shm/sem.${guardName({ name: app, uid: process.geteuid(), gid: process.getegid() })}`;
    if (existsSync(guard)) unlinkSync(guard);
    for (const name of leftovers(app)) unlinkSync(`/dev/shm/${name}`);
  });
  return { app, env: { ...process.env, TEST_APP: app, TEST_RUN_DIR: runDir } };
}

/** Something (µs) is told within 100 ms. A machine that is not ours alone may be late with it, but hardly three times. */
async function promptly(told) {
  const times = [];
  do times.push(await told());
  while (times.at(-1) >= 100_000 && times.length < 3);
  assert.ok(times.at(-1) < 100_000, `told after ${times} us`);
}

const leftovers = (app) =>
  readdirSync('/dev/shm').filter((n) => n.startsWith(`_libipc_`) && n.includes(`_${app}_`));
const mqueues = (app) =>
  existsSync('/dev/mqueue') ? readdirSync('/dev/mqueue').filter((n) => n.includes(app)) : [];

/** A program with a queue of what it tells. */
function start(universe, name, env = {}) {
  // argv[0] must be `node`, as the apps say.
  const child = fork(program(name), {
    env: { ...universe.env, ...env },
    execPath: 'node',
    stdio: ['ignore', 'inherit', env.QUIET ? 'ignore' : 'inherit', 'ipc'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  const events = on(child, 'message');
  const seen = [];
  // Whoever waits for a word of it need not wait any longer. What it told before comes first.
  child.once('close', (code, signal) => events.throw(new Error(`${name} ended with ${signal ?? code}`)));
  return {
    child,
    seen,
    async next(event, ms = 20_000) {
      const timer = setTimeout(
        () => events.throw(new Error(`${name} did not tell '${event}'; it told ${JSON.stringify(seen)}`)),
        ms,
      );
      try {
        for await (const [message] of { [Symbol.asyncIterator]: () => ({ next: () => events.next() }) }) {
          seen.push(message);
          if (message.event === event) return message;
        }
      } finally {
        clearTimeout(timer);
      }
      throw new Error('unreachable');
    },
    async kill(signal) {
      const at = Number(process.hrtime.bigint() / 1000n);
      child.kill(signal);
      if (signal === 'SIGKILL') await once(child, 'exit');
      return at;
    },
  };
}

async function startBoth(env) {
  const universe = newUniverse();
  const server = start(universe, 'server');
  await server.next('ready');
  const client = start(universe, 'client', env);
  await server.next('accepted');
  await client.next('connected');
  return { universe, server, client };
}

for (const sync of ['0', '1']) {
  const way = sync === '1' ? 'blocking' : 'async';

  test(`${way}: an orderly session leaves nothing but the guard`, async () => {
    const { universe, server, client } = await startBoth({ TEST_SYNC: sync });
    await client.next('busy');
    client.child.send({});
    const { count } = await client.next('done');
    assert.ok(count > 20);
    const lost = await server.next('lost');
    assert.match(lost.code, /RECEIVES_FINISHED/);
    server.child.send({ exit: 'orderly' });
    await once(server.child, 'exit');
    assert.deepEqual(
      leftovers(universe.app).filter((n) => !n.startsWith('sem.')),
      [],
    );
  });

  test(`${way}: kill -9 of the client is told to the server within 100 ms`, async () => {
    await promptly(async () => {
      const { universe, server, client } = await startBoth({ TEST_SYNC: sync });
      await client.next('busy');
      const at = await client.kill('SIGKILL');
      const lost = await server.next('lost');
      assert.match(lost.code, /EOF$|SYSTEM$/);
      const next = start(universe, 'client', { TEST_SYNC: sync });
      await next.next('busy');
      return lost.at - at;
    });
  });

  test(`${way}: kill -9 of the server is told to the client within 100 ms, and the next server cleans up`, async () => {
    await promptly(async () => {
      const { universe, server, client } = await startBoth({ TEST_SYNC: sync });
      await client.next('busy');
      const at = await server.kill('SIGKILL');
      const failed = await client.next('request-failed');
      assert.match(failed.code, /EOF$|SYSTEM$|HOSED/);
      assert.ok(
        leftovers(universe.app).some((n) => n.includes('classic')),
        'a killed server cannot clean up',
      );
      const orphan = start(universe, 'client', { QUIET: '1' });
      const [code] = await once(orphan.child, 'exit');
      assert.notEqual(code, 0); // uncaught SERVER_NOT_RUNNING
      const next = start(universe, 'server');
      await next.next('ready');
      assert.deepEqual(
        leftovers(universe.app).filter((n) => !n.startsWith('sem.')),
        [],
      );
      assert.deepEqual(mqueues(universe.app), []);
      const again = start(universe, 'client', { TEST_SYNC: sync });
      await again.next('busy');
      return failed.at - at;
    });
  });
}

test('process.exit() without closing leaves no pool', async () => {
  const { universe, server, client } = await startBoth();
  await client.next('busy');
  server.child.send({ exit: 'abrupt' });
  await once(server.child, 'exit');
  assert.deepEqual(
    leftovers(universe.app).filter((n) => !n.startsWith('sem.')),
    [],
  );
  await client.next('lost');
});

test('a peer that is stopped for three seconds is not given up', async () => {
  const { server, client } = await startBoth();
  await client.next('busy');
  await server.kill('SIGSTOP');
  await new Promise((r) => setTimeout(r, 3000));
  await server.kill('SIGCONT');
  client.child.send({});
  await client.next('done');
});

test('a peer that is stopped for longer is, with its code', async () => {
  const { server, client } = await startBoth();
  await client.next('busy');
  await server.kill('SIGSTOP');
  const lost = await client.next('lost', 9000);
  assert.match(lost.code, /RECEIVER_IDLE_TIMEOUT$/);
  await server.kill('SIGCONT');
});

test('worker threads terminated with sessions and channels open harm neither their process nor the server', async () => {
  const universe = newUniverse();
  const server = start(universe, 'server');
  await server.next('ready');
  const workers = start(universe, 'workers');
  await workers.next('survived', 60_000);
  assert.deepEqual(
    workers.seen.filter((m) => m.event === 'worker-error'),
    [],
  );
  if (workers.child.exitCode === null) await once(workers.child, 'exit');
  assert.equal(workers.child.exitCode, 0);
  const client = start(universe, 'client');
  await client.next('busy');
});

test('kills at random instants: the next server always starts clean', { timeout: 120_000 }, async () => {
  const universe = newUniverse();
  for (let i = 0; i < 12; i++) {
    const server = start(universe, 'server');
    await server.next('ready');
    assert.deepEqual(
      leftovers(universe.app).filter((n) => !n.startsWith('sem.')),
      [],
      `round ${i}`,
    );
    const clients = [start(universe, 'client'), start(universe, 'client', { TEST_SYNC: '1' })];
    await new Promise((r) => setTimeout(r, 30 + ((i * 37) % 200)));
    const victims = i % 3 === 0 ? clients : i % 3 === 1 ? [server] : [server, ...clients];
    await Promise.all(victims.map((v) => v.kill('SIGKILL')));
    for (const other of [server, ...clients])
      if (other.child.exitCode === null && other.child.signalCode === null) await other.kill('SIGKILL');
  }
});
