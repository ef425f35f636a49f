// Mutexes, conditions and atomics between processes: exclusion, waking, death, time-outs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { PoolArena, t } from '../dist/index.js';

const entry = JSON.stringify(new URL('../dist/index.js', import.meta.url).href);
const declaration = `t.struct({
  lock: t.mutex, changed: t.condition, queue: t.list(t.u32), taken: t.u32, n: t.atomicU32, wide: t.atomicI64,
})`;
const Shared = new Function('t', `return ${declaration}`)(t);
const pool = PoolArena.create(`flowipc_waiting_${process.pid}`, { sizeMi: 16 });
after(() => pool.close());

/** Runs code with `shared` in another process. */
function run(object, code) {
  const source = `
    import { PoolArena, t } from ${entry};
    const pool = PoolArena.open(${JSON.stringify(pool.name)});
    const object = pool.borrow(${declaration}, Buffer.from('${Buffer.from(object.lend()).toString('hex')}', 'hex'));
    const shared = object.value;
    ${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  const exited = once(child, 'close').then(([code]) => ({ code, out: out.trim() }));
  return { child, exited, said: () => once(child.stdout, 'data') };
}

test('a queue: one puts, two take, blocking and not, and nothing is taken twice or lost', async () => {
  const object = pool.construct(Shared);
  const count = 3000;
  const consumers = [
    run(
      object,
      `let sum = 0, n = 0;
       for (;;) {
         let lock = shared.lock.lock();
         while (shared.queue.length === 0) lock = shared.changed.wait(shared.lock, lock);
         const x = shared.queue.shift();
         lock.unlock();
         if (x === 0) break;
         sum += x; n++;
       }
       console.log(sum, n); object.release();`,
    ),
    run(
      object,
      `let sum = 0, n = 0;
       for (;;) {
         let lock = await shared.lock.lockAsync();
         while (shared.queue.length === 0) lock = await shared.changed.waitAsync(shared.lock, lock);
         const x = shared.queue.shift();
         lock.unlock();
         if (x === 0) break;
         sum += x; n++;
       }
       console.log(sum, n); object.release();`,
    ),
  ];
  const { lock, changed, queue } = object.value;
  for (let i = 1; i <= count; i++) {
    const held = await lock.lockAsync();
    queue.push(i);
    held.unlock();
    changed.notifyOne();
  }
  const held = lock.lock();
  queue.push(0, 0);
  held.unlock();
  changed.notifyAll();
  let [sum, n] = [0, 0];
  for (const { exited } of consumers) {
    const { code, out } = await exited;
    assert.equal(code, 0);
    const [s, c] = out.split(' ').map(Number);
    sum += s;
    n += c;
  }
  assert.deepEqual([sum, n], [(count * (count + 1)) / 2, count]);
  object.release();
});

test('a mutex is taken over from an owner that was killed, and says so, blocking or not', async () => {
  const object = pool.construct(Shared);
  const { lock } = object.value;
  for (const take of [() => lock.lock(), () => lock.lockAsync()]) {
    const holder = run(
      object,
      `const held = shared.lock.lock(); console.log('held'); setInterval(() => held.held, 1000);`,
    );
    await holder.said();
    assert.equal(lock.tryLock(), undefined);
    // From elsewhere, as this thread may be blocked.
    spawn('sh', ['-c', `sleep 0.05; kill -9 ${holder.child.pid}`]);
    const held = await take();
    assert.equal(held.recovered, true);
    held.unlock();
    const again = lock.lock();
    assert.equal(again.recovered, false);
    again.unlock();
    await holder.exited;
  }
});

test('kill -9 at random instants of processes that lock all the time never hangs the others', async () => {
  const object = pool.construct(Shared);
  const { lock } = object.value;
  const rounds = process.env.FLOW_IPC_LONG ? 100 : 5;
  for (let round = 0; round < rounds; round++) {
    const other = run(
      object,
      `console.log('up'); for (;;) { const lock = shared.lock.lock(); shared.taken++; lock.unlock(); }`,
    );
    await other.said();
    setTimeout(() => other.child.kill('SIGKILL'), 5 + 7 * round);
    let done = false;
    other.exited.then(() => {
      done = true;
    });
    while (!done) {
      const held = await lock.lockAsync({ timeoutMs: 20_000 });
      object.value.taken++;
      held.unlock();
      await new Promise(setImmediate);
    }
    lock.lock({ timeoutMs: 20_000 }).unlock();
  }
});

test('waits end in time, by abort, and never in waiting for oneself', async () => {
  const object = pool.construct(Shared);
  const { lock, changed, n } = object.value;
  const code = (what) => ({ code: `ERR_FLOW_IPC_${what}` });
  const held = lock.lock();
  assert.throws(() => lock.lock(), code('SHM_DEADLOCK'));
  assert.equal(lock.tryLock(), undefined);
  await assert.rejects(lock.lockAsync({ timeoutMs: 20 }), code('TIMEOUT'));
  const abort = new AbortController();
  const aborted = lock.lockAsync({ signal: abort.signal });
  setTimeout(() => abort.abort(), 10);
  await assert.rejects(aborted, code('ABORTED'));
  await assert.rejects(lock.lockAsync({ signal: AbortSignal.abort() }), code('ABORTED'));
  // Another task of this thread waits its turn.
  const later = lock.lockAsync();
  held.unlock();
  held.unlock();
  const second = await later;
  assert.equal(held.held, false);
  const start = performance.now();
  const third = changed.wait(lock, second, { timeoutMs: 20 });
  assert.ok(performance.now() - start >= 19);
  assert.throws(() => changed.wait(lock, second), TypeError);
  const other = run(
    object,
    `try { shared.lock.lock({ timeoutMs: 20 }); } catch (err) { console.log(err.code); }`,
  );
  assert.equal((await other.exited).out, 'ERR_FLOW_IPC_TIMEOUT');
  third.unlock();
  assert.equal(n.waitWhile(0, { timeoutMs: 10 }), false);
  await assert.rejects(n.changed(0, { timeoutMs: 10 }), code('TIMEOUT'));
  assert.equal(n.waitWhile(5), true);
  object.release();
});

test('atomics count right between processes, and wake who waits for them', async () => {
  const object = pool.construct(Shared);
  const { n, wide } = object.value;
  const runs = [1, 2].map(() =>
    run(
      object,
      `for (let i = 0; i < 50000; i++) { shared.n.add(1); shared.wide.sub(3n); } object.release();`,
    ),
  );
  for (let i = 0; i < 50000; i++) {
    n.add(1);
    wide.sub(3n);
  }
  for (const { exited } of runs) assert.equal((await exited).code, 0);
  assert.deepEqual([n.load(), wide.load()], [150000, -450000n]);
  n.store(0);
  assert.equal(n.sub(1), 0);
  assert.equal(n.load(), 2 ** 32 - 1);
  assert.equal(n.compareExchange(2 ** 32 - 1, 7), 2 ** 32 - 1);
  assert.equal(n.compareExchange(5, 8), 7);
  assert.deepEqual([n.or(8), n.and(12), n.xor(1), n.exchange(0)], [7, 15, 12, 13]);
  // Ping-pong, one end blocking.
  const other = run(
    object,
    `for (let i = 0; i < 200; i++) { shared.n.waitWhile(2 * i); shared.n.add(1); shared.n.notify(); } object.release();`,
  );
  for (let i = 0; i < 200; i++) {
    n.add(1);
    n.notify();
    await n.changed(2 * i + 1);
  }
  assert.equal((await other.exited).code, 0);
  assert.equal(n.load(), 400);
  object.release();
});
