// Message-queue streams between processes and threads: the compliance suite, kill -9, and listing what is mounted.
import assert from 'node:assert/strict';
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  BipcMqHandle,
  BlobStreamMqReceiver,
  BlobStreamMqSender,
  blobStreamMqs,
  mqPipes,
  mqsChannel,
  PosixMqHandle,
  SharedName,
} from '@flow-ipc/core';
import { transportCompliance } from '@flow-ipc/core/compliance';

const KINDS = { posix: PosixMqHandle, bipc: BipcMqHandle };
const program = new URL('./programs/mq-far-end.mjs', import.meta.url);
let counter = 0;
const fresh = () => `_flowipc_test_${process.pid}_p${counter++}`;
const features = { handles: false, onePipe: true, noticesPeerClose: false };

const startProcess = () => {
  const child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return { far: child, send: (m) => child.send(m), stop: () => child.kill() };
};
const startThread = () => {
  const worker = new Worker(program);
  return { far: worker, send: (m) => worker.postMessage(m), stop: () => worker.terminate() };
};

for (const [where, start] of [
  ['another process', startProcess],
  ['another thread', startThread],
]) {
  const { far, send, stop } = start();
  after(stop);
  for (const kind of Object.keys(KINDS)) {
    describe(`far end in ${where}, ${kind} queues`, () => {
      transportCompliance({
        test,
        features,
        async connect(task) {
          const name = fresh();
          const options = { maxMessages: 5, maxMsgSize: 8192 };
          const handles = {
            out: KINDS[kind].create(`${name}_c2s`, options),
            in: KINDS[kind].create(`${name}_s2c`, options),
          };
          const answers = [];
          let wake = () => {};
          const next = async () => {
            while (answers.length === 0) await new Promise((resolve) => (wake = resolve));
            return answers.shift();
          };
          const onMessage = (m) => {
            answers.push(m);
            wake();
          };
          far.on('message', onMessage);
          send({ task, kind, name });
          assert.deepEqual(await next(), { opened: true });
          const done = next().then(({ ok, message }) => {
            far.off('message', onMessage);
            if (!ok) throw new Error(`far end: ${message}`);
          });
          done.catch(() => {});
          return { end: mqsChannel(mqPipes(handles)), far: done };
        },
        seeds: process.env.FLOW_IPC_LONG === '1' ? Array.from({ length: 50 }, (_, i) => i + 1) : [1],
      });
    });
  }
}

for (const [kind, Handle] of Object.entries(KINDS)) {
  const bytes = (n) => Uint8Array.of(n);

  /** Another process that runs `code` with a queue of that name; resolves when it has printed. */
  const other = async (code, name) => {
    const child = fork(program, { env: { ...process.env, RUN: code, NAME: name, KIND: kind } });
    const exited = once(child, 'exit');
    await once(child, 'message');
    return { child, exited };
  };

  test(`kill -9 of a ${kind} receiver: its mark stays, the idle timer is all that tells, and removal cleans up`, async () => {
    const name = fresh();
    Handle.create(name, { maxMessages: 5, maxMsgSize: 64 }).close();
    const sender = new BlobStreamMqSender(Handle.open(name));
    const { child, exited } = await other(
      `const r = new core.BlobStreamMqReceiver(Handle.open(name));
       r.startReceive({ onMessage() { process.send('got'); }, onEnd() {} });`,
      name,
    ).then(async (far) => {
      const got = once(far.child, 'message');
      sender.send(bytes(1));
      await got;
      return far;
    });
    child.kill('SIGKILL');
    await exited;
    // Nobody reads any more: what finds no room waits, and sends go on.
    const start = performance.now();
    for (let i = 0; i < 1000; i++) sender.send(bytes(2));
    assert.ok(performance.now() - start < 2000);
    assert.ok(sender.queuedBytes >= 990);
    assert.throws(() => new BlobStreamMqReceiver(Handle.open(name)), {
      code: 'ERR_FLOW_IPC_BLOB_STREAM_MQ_RECEIVER_EXISTS',
    });
    sender.close();
    assert.throws(() => Handle.open(name), { errno: -2 });
    Handle.create(name, { maxMessages: 5, maxMsgSize: 64 }).close();
    // The end that was closed took the dead one's mark along.
    new BlobStreamMqReceiver(Handle.open(name)).close();
  });

  test(`kill -9 of a ${kind} sender in the midst of a flood: what it sent arrives, then silence`, async () => {
    const name = fresh();
    Handle.create(name, { maxMessages: 5, maxMsgSize: 64 }).close();
    const receiver = new BlobStreamMqReceiver(Handle.open(name));
    let expected = 0;
    let count = 0;
    const ended = new Promise((resolve) =>
      receiver.startReceive({
        onMessage(buffer, offset) {
          assert.equal(buffer.bytes[offset], expected);
          expected = (expected + 1) & 0xff;
          count++;
        },
        onEnd: resolve,
      }),
    );
    const { child, exited } = await other(
      `const s = new core.BlobStreamMqSender(Handle.open(name));
       let i = 0;
       const flood = () => { while (s.queuedBytes < 100) s.send(Uint8Array.of(i++)); setImmediate(flood); };
       flood();`,
      name,
    );
    receiver.idleTimerRun(500);
    while (count < 500) await new Promise((resolve) => setTimeout(resolve, 1));
    child.kill('SIGKILL');
    await exited;
    const { code } = await ended;
    // A Boost queue may also have been left in the midst.
    assert.ok(
      code === 'ERR_FLOW_IPC_RECEIVER_IDLE_TIMEOUT' || (kind === 'bipc' && /MQ_BIPC_MISC/.test(code)),
      code,
    );
    receiver.close();
    assert.equal(existsSync(`/dev/shm/_libipc_shm_0_0_0_${kind}Q_sentinelSnd${name}`), false);
  });

  test(`${kind} queues and marks of a process that was killed are swept`, async () => {
    const name = fresh();
    const { child, exited } = await other(
      `Handle.create(name, { maxMessages: 2, maxMsgSize: 64 }).close();
       globalThis.ends = [new core.BlobStreamMqSender(Handle.open(name)), new core.BlobStreamMqReceiver(Handle.open(name))];`,
      name,
    );
    child.kill('SIGKILL');
    await exited;
    blobStreamMqs(Handle).removePersistent(new SharedName(name));
    assert.throws(() => Handle.open(name), { errno: -2 });
    assert.equal(existsSync(`/dev/shm/_libipc_shm_0_0_0_${kind}Q_sentinelRcv${name}`), false);
  });
}

// A /dev of its own: the folder to mount on is not there everywhere, and is not ours to make.
const mount = 'mount -t tmpfs none /dev && mkdir /dev/shm /dev/mqueue && mount -t mqueue none /dev/mqueue';
const possible = spawnSync('unshare', ['-m', 'sh', '-c', mount]).status === 0;

test('where their file system is mounted, POSIX queues are listed and swept by prefix', {
  skip: possible ? false : 'needs the right to mount the mqueue file system',
}, () => {
  const code = `
    import { PosixMqHandle, removeEachPersistentWithPrefix } from '@flow-ipc/core';
    const names = ['${fresh()}', '${fresh()}'];
    for (const name of names) PosixMqHandle.create(name, { maxMessages: 1, maxMsgSize: 8 }).close();
    const listed = PosixMqHandle.persistentNames().map(String);
    console.log(names.every((name) => listed.includes(name)), names.map((name) => removeEachPersistentWithPrefix(PosixMqHandle, name)));`;
  const run = spawnSync(
    'unshare',
    ['-m', 'sh', '-c', `${mount} && exec "$0" --input-type=module -e "$1"`, process.execPath, code],
    { encoding: 'utf8', cwd: import.meta.dirname },
  );
  assert.equal(run.stdout.trim(), 'true [ 1, 1 ]', run.stderr);
});
