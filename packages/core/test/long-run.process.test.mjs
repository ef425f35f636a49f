// Messages of mixed sizes from one process to another, in order, with checksums: 100,000 of them, 10 million with FLOW_IPC_LONG=1.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NativeSocketStreamAcceptor } from '@flow-ipc/core';
import { checksum } from './programs/long-run.mjs';

const COUNT = process.env.FLOW_IPC_LONG === '1' ? 10_000_000 : 100_000;

test(`${COUNT} messages arrive in order and whole`, async (t) => {
  const acceptor = new NativeSocketStreamAcceptor(`flowipc_test_long_${process.pid}`);
  const program = fileURLToPath(new URL('./programs/long-run.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, acceptor.name, String(COUNT)], { stdio: 'inherit' });
  const exited = once(child, 'exit');
  const stream = await acceptor.accept();
  const started = performance.now();
  let index = 0;
  let total = 0;
  const end = await new Promise((resolve, reject) => {
    stream.startReceive({
      onMessage({ bytes, view }, offset, length) {
        if (view.getUint32(offset, true) !== index) reject(new Error(`message ${index} is another`));
        if (view.getUint32(offset + 4, true) !== checksum(bytes, offset + 8, offset + length))
          reject(new Error(`message ${index} has other bytes`));
        index++;
        total += length;
      },
      onEnd: resolve,
    });
  });
  const seconds = (performance.now() - started) / 1000;
  const { receiveCalls } = stream.counters;
  t.diagnostic(
    `${Math.round(COUNT / seconds)} messages/s, ${(total / COUNT).toFixed(0)} bytes each, ` +
      `${(receiveCalls / COUNT).toFixed(3)} reads a message`,
  );
  stream.close();
  acceptor.close();
  assert.equal(end.code, 'ERR_FLOW_IPC_RECEIVES_FINISHED_CANNOT_RECEIVE');
  assert.equal(index, COUNT);
  assert.deepEqual(await exited, [0, null]);
});
