// Message queues between processes and threads: C++ on the other side, death at any moment, workers terminated.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import * as native from '../dist/index.js';
import { mqOraclePath } from './oracle/oracle.mjs';
import { entry, fdCount, node, tick, uniqueName } from './process-support.mjs';

const { EAGAIN, ECANCELED } = constants.errno;
const EOWNERDEAD = 130;
const { MQ_RECEIVE, MQ_SEND, mqCreate, mqInterrupt, mqOpen } = native;
const KINDS = ['posix', 'bipc'];
const room = new Uint8Array(64);
const fill = (queue) => {
  let n = 0;
  while (queue.trySend(new Uint8Array([n]), 0, 1) === 0) n++;
  return n;
};
const text = (n) => Buffer.from(room.subarray(0, n)).toString();

/** Starts an oracle command; `lines` are what it prints, `line(n)` waits for the n-th. */
function oracle(...args) {
  const child = spawn(mqOraclePath(), args.map(String), {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LD_PRELOAD: '' },
  });
  const exited = once(child, 'exit');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    output += part;
  });
  const line = async (n) => {
    while (output.split('\n').length <= n + 1) await tick(1);
    return output.split('\n')[n];
  };
  return { child, exited, line };
}

/** As the oracle's word(): what message `i` of a made-up stream is. */
const word = (i, longest) => Buffer.alloc((i * 7919) % (longest + 1), i & 0xff);

for (const kind of KINDS) {
  describe(`a ${kind} queue`, () => {
    test('a C++ program that blocks in receive is woken by us, and we by it', async () => {
      const name = uniqueName(kind);
      const queue = mqCreate(kind, name, 4, 64, 0o600);
      const receiver = oracle(kind, 'receive', name, 5);
      await receiver.line(0);
      for (let i = 1; i <= 5; i++) {
        await tick(20);
        assert.equal(queue.trySend(Buffer.from(`m${i}`), 0, 2), 0);
        assert.equal(await receiver.line(i), `m${i}`);
      }
      await receiver.exited;
      // We block, C++ sends: from then on within far less than the 200 ms after which a sleeper looks by itself.
      for (let i = 0; i < 5; i++) {
        const sender = oracle(kind, 'send', name, `n${i}`);
        assert.equal(text(queue.receive(room, 0, 64, 10_000)), `n${i}`);
        await sender.exited;
      }
      queue.close();
    });

    test('a C++ sender and a C++ receiver keep up with us through a small queue', async () => {
      const name = uniqueName(kind);
      const queue = mqCreate(kind, name, 4, 64, 0o600);
      const producer = oracle(kind, 'produce', name, 3000, 64);
      for (let i = 0; i < 3000; i++) {
        const n = queue.receive(room, 0, 64, 10_000);
        assert.deepEqual(
          [n, Buffer.from(room.subarray(0, Math.max(n, 0)))],
          [word(i, 64).length, word(i, 64)],
        );
      }
      assert.equal((await producer.exited)[0], 0);
      const consumer = oracle(kind, 'consume', name, 3000, 64);
      for (let i = 0; i < 3000; i++) {
        const message = word(i, 64);
        assert.equal(queue.send(message, 0, message.length, 10_000), 0);
      }
      assert.equal(await consumer.line(0), '3000');
      queue.close();
    });

    test('round trips with C++ from an event loop', async () => {
      const [name, back] = [uniqueName(`${kind}out`), uniqueName(`${kind}in`)];
      const out = mqCreate(kind, name, 4, 64, 0o600);
      const into = mqCreate(kind, back, 4, 64, 0o600);
      const echo = oracle(kind, 'echo', name, back, 500);
      await echo.line(0);
      let count = 0;
      await new Promise((resolve) => {
        const send = () => out.trySend(Buffer.from(String(count)), 0, String(count).length);
        const watcher = new native.FdWatcher(into.watchFd(MQ_RECEIVE), () => {
          const n = into.tryReceive(room, 0, 64);
          if (n >= 0) {
            assert.equal(text(n), String(count));
            if (++count === 500) {
              watcher.close();
              return resolve();
            }
            send();
          }
          into.arm(MQ_RECEIVE);
        });
        into.arm(MQ_RECEIVE);
        watcher.start(native.READABLE);
        send();
      });
      await echo.exited;
      out.close();
      into.close();
    });

    test('kill -9 of a process blocked in receive costs nothing but that process', async () => {
      const name = uniqueName(kind);
      const queue = mqCreate(kind, name, 4, 64, 0o600);
      for (let round = 0; round < 3; round++) {
        const blocked = node(
          `const q = native.mqOpen(args[0], args[1]); console.log('up'); q.receive(new Uint8Array(64), 0, 64, -1);`,
          [kind, name],
        );
        await blocked.printed('up');
        await tick(50);
        blocked.child.kill('SIGKILL');
        await blocked.exited;
        const start = performance.now();
        for (let i = 0; i < 20; i++) {
          assert.equal(fill(queue), 4);
          for (let n = 0; n < 4; n++) assert.equal(queue.tryReceive(room, 0, 64), 1);
        }
        assert.ok(performance.now() - start < 1000);
      }
      // A new one is served.
      const next = node(
        `const q = native.mqOpen(args[0], args[1]); console.log('up'); console.log(q.receive(new Uint8Array(64), 0, 64, -1));`,
        [kind, name],
      );
      await next.printed('up');
      queue.trySend(room, 0, 7);
      assert.equal((await next.exited).stdout, 'up\n7');
      queue.close();
    });

    test('kill -9 of a process blocked in send likewise', async () => {
      const name = uniqueName(kind);
      const queue = mqCreate(kind, name, 4, 64, 0o600);
      fill(queue);
      const blocked = node(
        `const q = native.mqOpen(args[0], args[1]); console.log('up'); q.send(new Uint8Array(64), 0, 64, -1);`,
        [kind, name],
      );
      await blocked.printed('up');
      await tick(50);
      blocked.child.kill('SIGKILL');
      await blocked.exited;
      for (let n = 0; n < 4; n++) assert.equal(queue.tryReceive(room, 0, 64), 1);
      assert.equal(queue.tryReceive(room, 0, 64), -EAGAIN);
      assert.equal(fill(queue), 4);
      queue.close();
    });

    test('kill -9 in the midst of sending and receiving is an error at worst, never a hang', async () => {
      let dead = 0;
      for (let round = 0; round < 8; round++) {
        const name = uniqueName(kind);
        const queue = mqCreate(kind, name, 4, 64, 0o600);
        const busy = node(
          `const q = native.mqOpen(args[0], args[1]); const b = new Uint8Array(64); console.log('up');
           for (;;) { q.trySend(b, 0, 64); q.tryReceive(b, 0, 64); }`,
          [kind, name],
        );
        await busy.printed('up');
        await tick(5 + round * 3);
        busy.child.kill('SIGKILL');
        await busy.exited;
        const start = performance.now();
        const code = queue.trySend(room, 0, 1);
        assert.ok([0, -EAGAIN, -EOWNERDEAD].includes(code), String(code));
        assert.ok(performance.now() - start < 1500);
        if (code === -EOWNERDEAD) {
          dead++;
          assert.equal(queue.tryReceive(room, 0, 64), -EOWNERDEAD);
          assert.equal(mqOpen(kind, name).wait(MQ_RECEIVE, 1000), -EOWNERDEAD);
        }
        queue.close();
      }
      console.log(`# ${dead} of 8 died with the lock`);
    });

    test('workers blocked for ever can be terminated, and interrupted from another thread', async () => {
      const name = uniqueName(kind);
      const queue = mqCreate(kind, name, 1, 64, 0o600);
      const worker = (code) =>
        new Worker(
          `const { workerData: d, parentPort: port } = require('node:worker_threads');
           import(d.entry).then((n) => {
             const q = n.mqOpen(d.kind, d.name);
             const buf = new Uint8Array(64);
             port.postMessage(q.id);
             port.postMessage(${code});
           });`,
          { eval: true, workerData: { entry, kind, name } },
        );
      for (const code of ['q.receive(buf, 0, 64, -1)', 'q.wait(n.MQ_RECEIVE, -1)']) {
        const w = worker(code);
        await once(w, 'message');
        await tick(50);
        const start = performance.now();
        await w.terminate();
        assert.ok(performance.now() - start < 2000);

        const other = worker(code);
        const exited = once(other, 'exit');
        const [id] = await once(other, 'message');
        await tick(50);
        const asked = performance.now();
        assert.equal(mqInterrupt(id, MQ_RECEIVE, true), 1);
        const [result] = await once(other, 'message');
        assert.equal(result, -ECANCELED);
        assert.ok(performance.now() - asked < 1000);
        await exited;
      }
      fill(queue);
      const w = worker('q.send(buf, 0, 64, -1)');
      const [id] = await once(w, 'message');
      await tick(20);
      assert.equal(mqInterrupt(id, MQ_SEND, true), 1);
      assert.deepEqual(await once(w, 'message'), [-ECANCELED]);
      queue.close();
    });

    test('workers terminated at any moment with queues watched leave nothing', async () => {
      const name = uniqueName(kind);
      const queue = mqCreate(kind, name, 4, 64, 0o600);
      await tick(300);
      const before = fdCount();
      for (let round = 0; round < 30; round++) {
        const w = new Worker(
          `const { workerData: d, parentPort: port } = require('node:worker_threads');
           import(d.entry).then((n) => {
             const q = globalThis.q = n.mqOpen(d.kind, d.name);
             const buf = new Uint8Array(64);
             const watcher = new n.FdWatcher(q.watchFd(n.MQ_RECEIVE), () => { q.tryReceive(buf, 0, 64); q.arm(n.MQ_RECEIVE); });
             q.arm(n.MQ_RECEIVE);
             watcher.start(1);
             q.interruptFd(n.MQ_SEND);
             q.watchFd(n.MQ_SEND);
             q.arm(n.MQ_SEND);
             port.postMessage('up');
           });`,
          { eval: true, workerData: { entry, kind, name } },
        );
        if (round % 3 !== 0) await once(w, 'message');
        for (let i = 0; i < round % 4; i++) queue.trySend(room, 0, 8);
        await w.terminate();
      }
      for (let i = 0; fdCount() > before && i < 100; i++) await tick(100);
      assert.ok(fdCount() <= before, `descriptors: ${before} before, ${fdCount()} after`);
      queue.close();
    });

    test('process.exit() with a worker blocked in receive and a queue watched', async () => {
      const name = uniqueName(kind);
      mqCreate(kind, name, 4, 64, 0o600).close();
      const { exited } = node(
        `import { Worker } from 'node:worker_threads';
         const q = globalThis.q = native.mqOpen(args[1], args[2]);
         new native.FdWatcher(q.watchFd(1), () => {}).start(1);
         q.arm(1);
         new Worker("const { workerData: d } = require('node:worker_threads'); import(d[0]).then((n) => n.mqOpen(d[1], d[2]).receive(new Uint8Array(64), 0, 64, -1));",
           { eval: true, execArgv: [], workerData: args });
         setTimeout(() => process.exit(5), 200);`,
        [entry, kind, name],
      );
      const { code, signal, stderr } = await exited;
      assert.deepEqual([code, signal], [5, null], stderr);
    });
  });
}

test('kill -9 of a C++ program blocked in receive: sends go on, or are refused, but never hang', async () => {
  const name = uniqueName('bipc');
  const queue = mqCreate('bipc', name, 4, 64, 0o600);
  for (let round = 0; round < 4; round++) {
    const blocked = oracle('bipc', 'receive', name, 5);
    await blocked.line(0);
    await tick(50);
    blocked.child.kill('SIGKILL');
    await blocked.exited;
    const start = performance.now();
    for (let i = 0; i < 50; i++) {
      for (const code of [queue.trySend(room, 0, 1), queue.tryReceive(room, 0, 64)]) {
        assert.ok(code === 0 || code === 1 || code === -EAGAIN || code === -EOWNERDEAD, String(code));
      }
      await tick(10);
    }
    assert.ok(performance.now() - start < 5000);
  }
  queue.close();
});

test('kill -9 of a process of ours that waits for C++ leaves the queue to us', async () => {
  const name = uniqueName('bipc');
  const queue = mqCreate('bipc', name, 4, 64, 0o600);
  const blocked = node(
    `const q = native.mqOpen('bipc', args[0]); console.log('up'); q.receive(new Uint8Array(64), 0, 64, -1);`,
    [name],
  );
  await blocked.printed('up');
  await tick(100);
  // It waits for Boost's condition variable, too: a C++ program would be counted as nothing else.
  blocked.child.kill('SIGKILL');
  await blocked.exited;
  const start = performance.now();
  for (let i = 0; i < 1000; i++) {
    assert.equal(queue.trySend(room, 0, 5), 0);
    assert.equal(queue.receive(room, 0, 64, -1), 5);
  }
  assert.ok(performance.now() - start < 2000);
  queue.close();
});

test('death with the lock of Boost’s own queue is an error within a second or so, and at once from then on', async () => {
  const name = uniqueName('bipc');
  await oracle('bipc', 'create', name, 4, 64).exited;
  const queue = mqOpen('bipc', name);
  await oracle('bipc', 'die-locked', name).exited;
  for (const [least, most] of [
    [900, 3000],
    [0, 500],
  ]) {
    const start = performance.now();
    assert.equal(queue.trySend(room, 0, 1), -constants.errno.ETIMEDOUT);
    const ms = performance.now() - start;
    assert.ok(ms >= least && ms < most, `${ms} ms`);
  }
  queue.close();
});

test('death with the lock of a queue that we made is an error at once, for C++ too', async () => {
  const name = uniqueName('bipc');
  const queue = mqCreate('bipc', name, 4, 64, 0o600);
  await oracle('bipc', 'die-locked', name).exited;
  const start = performance.now();
  assert.equal(queue.trySend(room, 0, 1), -EOWNERDEAD);
  assert.ok(performance.now() - start < 900);
  const [code] = await oracle('bipc', 'send', name, 'x').exited;
  assert.notEqual(code, 0);
  queue.close();
});

test('a lock that is held for a while is waited for', async () => {
  const name = uniqueName('bipc');
  const queue = mqCreate('bipc', name, 4, 64, 0o600);
  const holder = oracle('bipc', 'hold-locked', name, 200);
  assert.equal(await holder.line(0), '0');
  assert.equal(queue.trySend(room, 0, 1), 0);
  await holder.exited;
  queue.close();
});
