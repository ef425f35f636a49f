// Worker threads that are started and terminated at any moment, with everything open.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { closeFd, mqCreate, poolCreate, recv, send, socketPair } from '../dist/index.js';
import { entry, fdCount, node, tick, uniqueName } from './process-support.mjs';

/** A worker that runs `code` with `native` and `data` in scope. */
function worker(code, data) {
  return new Worker(
    `const { workerData: data, parentPort: port } = require('node:worker_threads');
     import(${JSON.stringify(entry)}).then((native) => { ${code} });`,
    { eval: true, workerData: data },
  );
}

const message = (w) => new Promise((resolve) => w.once('message', resolve));
const exit = (w) => new Promise((resolve) => w.once('exit', resolve));

test('100 workers terminated at any moment with watchers, views, pools, reactors and semaphores open', async () => {
  const name = uniqueName('pool');
  const pool = poolCreate(name, 1 << 20, 0o600);
  const pairs = Array.from({ length: 4 }, () => socketPair());
  const buf = new Uint8Array(1);
  // A pool maps with a descriptor, a reactor has two, which go with the environment.
  const before = fdCount();
  for (let round = 0; round < 100; round++) {
    const w = worker(
      `globalThis.keep = [];
       const pool = native.poolOpen(data.name);
       const semaphore = native.semOpen(data.sem, 0o600, 1);
       const reactor = new native.EpollReactor();
       keep.push(pool, semaphore, reactor);
       for (let i = 0; i < 20; i++) keep.push(pool.view(i * 16, 100));
       for (const fd of data.fds) {
         const watcher = new native.FdWatcher(fd, () => { pool.view(0, 100); });
         watcher.start(3);
         if (fd % 3 === 0) { watcher.close(); }
         if (fd % 3 === 1) { watcher.unref(); }
         keep.push(watcher);
       }
       port.postMessage('up');`,
      { name, sem: uniqueName('sem'), fds: pairs.map(([, b]) => b) },
    );
    const failed = new Promise((_, reject) => w.once('error', reject));
    // Some rounds end before the worker is up, some while its watchers fire all the time.
    if (round % 3 !== 0) await Promise.race([message(w), failed]);
    for (const [a] of pairs) send(a, buf, 0, 1, null, 0, 0, -1);
    if (round % 5 === 0) await tick(round % 7);
    await w.terminate();
  }
  await tick(50);
  assert.ok(fdCount() <= before, `descriptors: ${before} before, ${fdCount()} after`);
  for (const pair of pairs) for (const fd of pair) closeFd(fd);
  const offset = pool.allocate(100);
  assert.ok(offset > 0);
  pool.close();
});

/** What a worker does again and again when it is terminated: each makes an object, or hands one out. */
const IN_THE_MIDST = {
  watcher: 'new native.FdWatcher(data.fd, () => {}).close()',
  reactor: 'new native.EpollReactor().close()',
  semaphore: 'native.semOpen(data.semaphore, 0o600, 1).close()',
  queue: "native.mqOpen('bipc', data.queue).close()",
  pool: 'native.poolOpen(data.pool).close()',
  view: 'pool ??= native.poolOpen(data.pool); pool.backing(); native.detachBuffers([pool.view(0, 100)])',
  list: 'pool ??= native.poolOpen(data.pool); pool.listRelease(data.list + 1, pool.listBorrow(data.list, 5))',
  message:
    'pool ??= native.poolOpen(data.pool); native.buildStaged(pool.index, 64); native.retireStaged(pool.index, native.stagedList())',
  arena:
    'const arena = new native.OwnArena(data.arena, 0o600); arena.stats(); arena.pools(); arena.takePoolEvents(); arena.close()',
  borrowed: 'new native.BorrowedPools().close()',
  sockets:
    'for (const fd of native.socketPair()) { native.socketInfo(fd); native.peerCredentials(fd); native.closeFd(fd); }',
};
const ROUNDS = process.env.FLOW_IPC_LONG === '1' ? 200 : 12;

test(`${ROUNDS} workers each terminated in the midst of making something harm neither their process nor its descriptors`, async () => {
  const pool = poolCreate(uniqueName('pool'), 1 << 20, 0o600);
  const queue = mqCreate('bipc', uniqueName('queue'), 2, 64, 0o600);
  const data = {
    entry,
    pool: pool.name,
    list: pool.listStore(new Uint8Array(8), 0, 8),
    queue: queue.name,
    semaphore: uniqueName('sem'),
    arena: uniqueName('arena'),
  };
  const child = node(
    `import { Worker } from 'node:worker_threads';
     import { readdirSync } from 'node:fs';
     const [data, actions, rounds] = args;
     data.fd = native.socketPair()[0];
     const open = () => readdirSync('/proc/self/fd').length;
     const run = async (code) => {
       const worker = new Worker(
         \`const { workerData: data, parentPort: port } = require('node:worker_threads');
          import(data.entry).then((native) => {
            let pool;
            port.postMessage('up');
            for (;;) { \${code}; }
          });\`,
         { eval: true, execArgv: [], workerData: data },
       );
       await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
       // Not a timer: the moment should be any.
       const until = performance.now() + Math.random() * 3;
       while (performance.now() < until);
       await worker.terminate();
     };
     for (const [what, code] of Object.entries(actions)) {
       await run(code);
       const before = open();
       for (let round = 0; round < rounds; round++) await run(code);
       console.log(what, open() - before);
     }`,
    [data, IN_THE_MIDST, ROUNDS],
  );
  const { code, stdout, stderr } = await child.exited;
  assert.equal(code, 0, stderr);
  const left = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  assert.deepEqual(
    left.map(([what]) => what),
    Object.keys(IN_THE_MIDST),
  );
  // Descriptors that are plain numbers are whoever's has them: here nobody's, when it ends before it can close them.
  for (const [what, more] of left)
    assert.ok(Number(more) <= (what === 'sockets' ? 2 * ROUNDS : 2), `${what}: ${more} descriptors more`);
  queue.close();
  pool.close();
});

test('several workers at once, each with its own state', async () => {
  const results = await Promise.all(
    Array.from({ length: 4 }, async (_, i) => {
      const w = worker(
        `const [a, b] = native.socketPair();
         const buf = new Uint8Array(8);
         let n = 0;
         const watcher = new native.FdWatcher(b, () => {
           native.recv(b, buf, 0, 8);
           if (native.out[1] < 0) throw new Error('no descriptor');
           native.closeFd(native.out[1]);
           if (++n === 500) { watcher.close(); native.closeFd(a); native.closeFd(b); port.postMessage(n + data); return; }
           native.send(a, buf, 0, 1, null, 0, 0, b);
         });
         watcher.start(1);
         native.send(a, buf, 0, 1, null, 0, 0, b);`,
        i,
      );
      const [result] = await Promise.all([message(w), exit(w)]);
      return result;
    }),
  );
  assert.deepEqual(results, [500, 501, 502, 503]);
});

for (const [what, code] of [
  ['EpollReactor.wait', `new native.EpollReactor().wait(-1, new Int32Array(2))`],
  ['pollFd', `native.pollFd(data.fd, 1, -1)`],
]) {
  test(`a worker blocked for ever in ${what} can be terminated`, async () => {
    const [a, b] = socketPair();
    const w = worker(`port.postMessage('up'); ${code};`, { fd: b });
    await message(w);
    await tick(50);
    const start = performance.now();
    await w.terminate();
    assert.ok(performance.now() - start < 2000);
    closeFd(a);
    closeFd(b);
  });
}

test('an exception in a watcher callback is the worker’s error event', async () => {
  const [a, b] = socketPair();
  const w = worker(
    `const watcher = new native.FdWatcher(data.fd, () => { throw new Error('mine'); }); watcher.start(2);`,
    {
      fd: b,
    },
  );
  const [error] = await Promise.all([new Promise((resolve) => w.once('error', resolve)), exit(w)]);
  assert.equal(error.message, 'mine');
  closeFd(a);
  closeFd(b);
});

test('process.exit() in a worker’s callback ends the worker only', async () => {
  const [a, b] = socketPair();
  const w = worker(
    `const watcher = new native.FdWatcher(data.fd, () => process.exit(7)); watcher.start(2);`,
    { fd: b },
  );
  assert.equal(await exit(w), 7);
  closeFd(a);
  closeFd(b);
});

test('process.exit() in the main thread with workers blocked and watching', async () => {
  const code = `
    import { Worker } from 'node:worker_threads';
    const [a, b] = native.socketPair();
    for (const body of ['new n.EpollReactor().wait(-1, new Int32Array(2))', 'n.pollFd(d.b, 1, -1)', 'new n.FdWatcher(d.a, () => {}).start(3)']) {
      new Worker("const { workerData: d, parentPort: p } = require('node:worker_threads'); import(d.entry).then((n) => { p.postMessage(1); " + body + " });",
        { eval: true, execArgv: [], workerData: { a, b, entry: args[0] } });
    }
    const mine = new native.FdWatcher(b, () => {});
    mine.start(1);
    setTimeout(() => process.exit(5), 300);`;
  for (let i = 0; i < 3; i++) {
    const { exited } = node(code, [entry]);
    const { code: exitCode, signal, stderr } = await exited;
    assert.deepEqual([exitCode, signal], [5, null], stderr);
  }
});

test('the callback of a closed watcher is collectable', async () => {
  const code = `
    const refs = [];
    for (let i = 0; i < 50; i++) {
      const [a, b] = native.socketPair();
      const watcher = new native.FdWatcher(b, () => watcher);
      watcher.start(1);
      refs.push(new WeakRef(watcher));
      watcher.close();
      native.closeFd(a); native.closeFd(b);
    }
    for (let i = 0; i < 10; i++) { await new Promise((r) => setTimeout(r, 10)); gc(); }
    console.log(refs.filter((r) => r.deref() !== undefined).length);`;
  const { stdout, code: exitCode, stderr } = await node(code, [], { flags: ['--expose-gc'] }).exited;
  assert.equal(exitCode, 0, stderr);
  assert.ok(Number(stdout) <= 1, `${stdout} alive`);
});

test('mappings of collected views and pools go away', async () => {
  const code = `
    import { readFileSync } from 'node:fs';
    const maps = () => readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((l) => l.includes(args[0])).length;
    for (let i = 0; i < 20; i++) { const p = native.poolOpen(args[0]); p.view(0, 100); p.view(0, 2 ** 21); if (i % 2) p.close(); }
    const before = maps();
    for (let i = 0; i < 10; i++) { await new Promise((r) => setTimeout(r, 10)); gc(); }
    console.log(before, maps());`;
  const name = uniqueName();
  poolCreate(name, 1 << 22, 0o600).close();
  const { stdout, stderr } = await node(code, [name], { flags: ['--expose-gc'] }).exited;
  const [before, after] = stdout.split(' ').map(Number);
  assert.ok(before > 5 && after <= 2, `${before} mappings, then ${after} ${stderr}`);
});

test('descriptors that a worker owns go with it', async () => {
  const w = worker(`
    const { socketPair, ownFd, disownFd } = native;
    const [kept, owned] = socketPair();
    const [released, other] = socketPair();
    for (const fd of [owned, released, other]) ownFd(fd);
    disownFd(released);
    port.postMessage([kept, owned, released]);
    setInterval(() => {}, 1000);
  `);
  const [kept, owned, released] = await message(w);
  const exited = exit(w);
  await w.terminate();
  await exited;
  assert.equal(recv(kept, new Uint8Array(1), 0, 1), 0, 'its other end is closed');
  assert.throws(() => closeFd(owned), { code: 'EBADF' });
  closeFd(kept);
  closeFd(released);
});
