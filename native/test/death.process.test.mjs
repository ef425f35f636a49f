// What dies around us: holders of the pool lock, peers of sockets, ourselves.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { test } from 'node:test';
import * as native from '../dist/index.js';
import { oraclePath } from './oracle/oracle.mjs';
import { node, tick, uniqueName } from './process-support.mjs';

const { ETIMEDOUT, ECONNRESET } = constants.errno;
const EOWNERDEAD = 130; // not in os.constants
const { poolCreate, poolOpen } = native;

/** Runs an oracle command without waiting for it; resolves once it has printed (it holds the lock then). */
async function hold(...args) {
  const child = spawn(oraclePath(), args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  return { exited };
}

function timed(action) {
  const start = performance.now();
  const result = action();
  return [result, performance.now() - start];
}

test('death inside the lock of our pool is an error at once, for everyone and for good', async () => {
  const pool = poolCreate(uniqueName(), 1 << 20, 0o600);
  const kept = pool.listStore(new Uint8Array([1, 2, 3]), 0, 3);
  await (await hold('die-locked', pool.name)).exited;
  const [rc, ms] = timed(() => pool.allocate(10));
  assert.equal(rc, -EOWNERDEAD);
  assert.ok(ms < 1500, `${ms} ms`);
  assert.equal(pool.allocate(10), -EOWNERDEAD);
  assert.equal(pool.free(kept), -EOWNERDEAD);
  assert.equal(pool.freeBytes(), -EOWNERDEAD);
  assert.equal(pool.listCreate(), -EOWNERDEAD);
  // Reading goes on, here and for who opens it now.
  assert.deepEqual([...new Uint8Array(pool.listBorrow(kept, 1)[0])], [1, 2, 3]);
  const late = poolOpen(pool.name);
  assert.equal(late.allocate(10), -EOWNERDEAD);
  assert.deepEqual([...new Uint8Array(late.listBorrow(kept, 1)[0])], [1, 2, 3]);
  // Owners can still be dropped, but for the last, who would have to free.
  assert.equal(late.listLend(kept, [3]), 0);
  assert.equal(late.listRelease(kept, []), 1);
  assert.equal(late.listRelease(kept, []), -EOWNERDEAD);
  // Another process, C++ included, is told as well.
  const { stdout } = await node('console.log(native.poolOpen(args[0]).allocate(10))', [pool.name]).exited;
  assert.equal(Number(stdout), -EOWNERDEAD);
  await once(spawn(oraclePath(), ['allocate', pool.name, '10', '1'], { stdio: 'ignore' }), 'exit');
  assert.equal(poolOpen(pool.name).allocate(10), -EOWNERDEAD);
});

test('death inside the lock of a pool whose mutex is not robust is a time-out within a second or so', async () => {
  const name = uniqueName();
  await once(spawn(oraclePath(), ['create', name, String(1 << 20)], { stdio: 'ignore' }), 'exit');
  const pool = poolOpen(name);
  await (await hold('die-locked', name)).exited;
  for (const action of [() => pool.allocate(10), () => pool.listStore(new Uint8Array(1), 0, 1)]) {
    const [rc, ms] = timed(action);
    assert.equal(rc, -ETIMEDOUT);
    assert.ok(ms > 900 && ms < 2000, `${ms} ms`);
  }
});

test('a lock that is held for a while is waited for', async () => {
  const pool = poolCreate(uniqueName(), 1 << 20, 0o600);
  const inTime = (ms) => ms > 100 && ms < 1000;
  let took = 0;
  // We may come late for what is held, but not each time.
  for (let i = 0; i < 20 && !inTime(took); i++) {
    const { exited } = await hold('hold-locked', pool.name, 300);
    const [rc, ms] = timed(() => pool.allocate(10));
    assert.ok(rc > 0, String(rc));
    took = ms;
    await exited;
  }
  assert.ok(inTime(took), `${took} ms`);
});

test('kill -9 of a process that allocates all the time never hangs the others', async () => {
  let dead = 0;
  for (let round = 0; round < 10; round++) {
    const pool = poolCreate(uniqueName(), 1 << 20, 0o600);
    const { child, exited, printed } = node(
      `const pool = native.poolOpen(args[0]); console.log('up');
       for (;;) { const l = pool.listStore(new Uint8Array(100), 0, 100); pool.listRelease(l, []); }`,
      [pool.name],
    );
    await printed('up');
    await tick(5 + round * 3);
    for (let i = 0; i < 1000; i++) {
      const offset = pool.allocate(64);
      assert.ok(offset > 0, String(offset));
      assert.equal(pool.free(offset), 0);
    }
    child.kill('SIGKILL');
    await exited;
    const [rc, ms] = timed(() => pool.allocate(10));
    assert.ok(rc > 0 || rc === -EOWNERDEAD, String(rc));
    assert.ok(ms < 1500, `${ms} ms`);
    if (rc < 0) dead++;
    pool.close();
  }
  console.log(`# ${dead} of 10 died inside the allocator`);
});

test('a killed peer is a hang-up on the socket', async () => {
  const name = uniqueName();
  const listener = native.listenAbstract(name, 1);
  const { child, exited, printed } = node(
    `const fd = native.connectAbstract(args[0]);
     native.send(fd, new Uint8Array([1, 2, 3]), 0, 3, null, 0, 0, -1); console.log('up'); setInterval(() => {}, 1000);`,
    [name],
  );
  await printed('up');
  const connection = native.accept(listener);
  assert.ok(connection > 0);
  assert.equal(native.peerCredentials(connection).pid, child.pid);
  const seen = new Promise((resolve) => {
    const buf = new Uint8Array(16);
    const results = [];
    const watcher = new native.FdWatcher(connection, () => {
      const n = native.recv(connection, buf, 0, 16);
      results.push(n);
      if (n <= 0) {
        watcher.close();
        resolve(results);
      }
    });
    watcher.start(native.READABLE);
  });
  await tick(50);
  child.kill('SIGKILL');
  const results = await seen;
  assert.equal(results[0], 3);
  assert.ok([0, -ECONNRESET].includes(results.at(-1)), String(results));
  await exited;
  native.closeFd(connection);
  native.closeFd(listener);
});

test('an uncaught exception in a callback ends the process as in any Node callback', async () => {
  const { code, stderr } = await node(
    `const [a, b] = native.socketPair();
     const watcher = new native.FdWatcher(b, function readyCallback() { throw new RangeError('boom'); });
     watcher.start(native.WRITABLE);`,
  ).exited;
  assert.equal(code, 1);
  assert.match(stderr, /RangeError: boom[\s\S]*readyCallback/);
});

test('process.exit() inside a callback, and an exit with everything open', async () => {
  const open = `const [a, b] = native.socketPair(); globalThis.pool = native.poolOpen(args[0]); globalThis.v = pool.view(0, 100);
    globalThis.sem = native.semOpen(args[1], 0o600, 1); globalThis.reactor = new native.EpollReactor();`;
  const name = uniqueName();
  poolCreate(name, 1 << 20, 0o600).close();
  const inside = await node(`${open} const w = new native.FdWatcher(b, () => process.exit(3)); w.start(2);`, [
    name,
    uniqueName(),
  ]).exited;
  assert.deepEqual([inside.code, inside.signal], [3, null], inside.stderr);
  const natural = await node(`${open} const w = new native.FdWatcher(b, () => {}); w.start(1); w.unref();`, [
    name,
    uniqueName(),
  ]).exited;
  assert.deepEqual([natural.code, natural.signal], [0, null], natural.stderr);
});
