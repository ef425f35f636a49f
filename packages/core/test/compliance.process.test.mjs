// The compliance suite with the far end in another process, and in another thread.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { NativeSocketStreamAcceptor, socketStreamChannel, socketStreamChannelOfBlobs } from '@flow-ipc/core';
import { transportCompliance } from '@flow-ipc/core/compliance';

const program = new URL('./programs/far-end.mjs', import.meta.url);
const acceptor = new NativeSocketStreamAcceptor(`flowipc_test_compliance_${process.pid}`);
after(() => acceptor.close());

const startProcess = () => {
  const child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return { far: child, send: (m) => child.send(m), stop: () => child.kill() };
};
const startThread = () => {
  const worker = new Worker(program);
  return { far: worker, send: (m) => worker.postMessage(m), stop: () => worker.terminate() };
};

const both = { handles: true, onePipe: true, noticesPeerClose: true };
const forms = [
  ['async', both, socketStreamChannel],
  ['async, blobs', { ...both, handles: false }, socketStreamChannelOfBlobs],
  ['sync_io', both, socketStreamChannel],
];

for (const [where, start] of [
  ['another process', startProcess],
  ['another thread', startThread],
]) {
  const { far, send, stop } = start();
  after(stop);
  for (const [form, features, make] of forms) {
    // A thread shares its descriptors with us, so that what the far end still holds for a moment shows: the suite waits.
    describe(`far end in ${where}, ${form}`, () => {
      transportCompliance({
        test,
        features,
        async connect(task) {
          const accepting = acceptor.accept();
          send({ task, form, name: acceptor.name });
          const answer = once(far, 'message').then(([{ ok, message }]) => {
            if (!ok) throw new Error(`far end: ${message}`);
          });
          // Awaited by the suite, but perhaps only after the near end's own failure.
          answer.catch(() => {});
          return { end: make(await accepting), far: answer };
        },
        seeds: process.env.FLOW_IPC_LONG === '1' ? Array.from({ length: 50 }, (_, i) => i + 1) : [1, 2],
      });
    });
  }
}
