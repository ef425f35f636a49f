// Peers that are killed, stopped or terminated in the midst of things: the other end hears of it and loses nothing else.
import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { afterEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { NativeSocketStreamAcceptor, socketStreamChannel } from '@flow-ipc/core';

const program = new URL('./programs/talker.mjs', import.meta.url);
const acceptor = new NativeSocketStreamAcceptor(`flowipc_test_crash_${process.pid}`);
acceptor.unref();
const fds = () => readdirSync('/proc/self/fd').length;
const code = (name) => ({ code: `ERR_FLOW_IPC_${name}` });

const children = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function inProcess(what) {
  const child = fork(program, [acceptor.name, what]);
  children.push(child);
  const [stream] = await Promise.all([acceptor.accept(), once(child, 'message')]);
  assert.equal(stream.remotePeerProcessCredentials.pid, child.pid);
  return { child, channel: socketStreamChannel(stream) };
}

async function readToTheEnd(channel) {
  let count = 0;
  for (;;) {
    try {
      assert.deepEqual(await channel.receiveBlob(), new Uint8Array(1000).fill(7));
      count++;
    } catch (error) {
      return { count, error };
    }
  }
}

test('a killed process: everything it sent in whole arrives, then the end', async () => {
  for (let i = 0; i < 5; i++) {
    const { child, channel } = await inProcess('flood');
    const reading = readToTheEnd(channel);
    await sleep(10 + i * 7);
    child.kill('SIGKILL');
    const { error } = await reading;
    assert.equal(error.code, 'ERR_FLOW_IPC_EOF');
    assert.throws(() => channel.sendBlob(Uint8Array.of(1)), code('LOW_LVL_TRANSPORT_HOSED_CANNOT_SEND'));
    await assert.rejects(channel.drained(), code('LOW_LVL_TRANSPORT_HOSED_CANNOT_SEND'));
    channel.close();
  }
});

test('a process killed while we have much queued for it', async () => {
  const { child, channel } = await inProcess('sit');
  for (let i = 0; i < 2000; i++) channel.sendBlob(new Uint8Array(1000));
  const drained = channel.drained();
  child.kill('SIGKILL');
  await assert.rejects(drained);
  assert.equal(channel.queuedBytes, 0, 'nobody will take it');
  await assert.rejects(channel.receiveBlob());
  channel.close();
});

test('a stopped process is silent, and is there again when it goes on', async () => {
  const { child, channel } = await inProcess('echo');
  channel.sendBlob(Uint8Array.of(1));
  assert.deepEqual(await channel.receiveBlob(), Uint8Array.of(1));
  child.kill('SIGSTOP');
  channel.sendBlob(Uint8Array.of(2));
  const answer = channel.receiveBlob();
  const winner = await Promise.race([answer, sleep(200, 'silent')]);
  assert.equal(winner, 'silent');
  child.kill('SIGCONT');
  assert.deepEqual(await answer, Uint8Array.of(2));
  child.kill('SIGSTOP');
  channel.idleTimerRun(150);
  await assert.rejects(channel.receiveBlob(), code('RECEIVER_IDLE_TIMEOUT'));
  channel.close();
});

test('terminated worker threads: their connections end, their names are free, their descriptors are gone', async () => {
  const before = fds();
  for (let i = 0; i < 20; i++) {
    const what = ['flood', 'echo', 'sit'][i % 3];
    const worker = new Worker(program, { workerData: [acceptor.name, what] });
    const [stream] = await Promise.all([acceptor.accept(), once(worker, 'message')]);
    const channel = socketStreamChannel(stream);
    const reading = readToTheEnd(channel);
    await sleep(i % 5);
    await worker.terminate();
    const { error } = await reading;
    assert.equal(error.code, 'ERR_FLOW_IPC_EOF');
    channel.close();
    new NativeSocketStreamAcceptor(`${acceptor.name}_own`).close();
  }
  for (let i = 0; fds() > before && i < 100; i++) await sleep(20);
  assert.ok(fds() <= before, `${fds()} descriptors, ${before} before`);
});

test('a waiting channel keeps the process alive, an unref-ed one does not', async () => {
  const source = `
    import { NativeSocketStream, socketStreamChannel } from '@flow-ipc/core';
    const channel = socketStreamChannel(new NativeSocketStream(NativeSocketStream.pair()[0]));
    channel.receiveBlob().catch(() => {});
    channel.autoPing();
    channel.idleTimerRun(60_000);
    if (process.env.UNREF) channel.unref();
  `;
  const here = fileURLToPath(new URL('.', import.meta.url));
  const run = (env) =>
    spawn(process.execPath, ['--input-type=module', '-e', source], { cwd: here, env, stdio: 'inherit' });
  const free = run({ ...process.env, UNREF: '1' });
  children.push(free);
  const [status] = await once(free, 'exit');
  assert.equal(status, 0);
  const kept = run(process.env);
  children.push(kept);
  const exited = once(kept, 'exit').then(() => 'exited');
  assert.equal(await Promise.race([exited, sleep(700, 'alive')]), 'alive');
  kept.kill('SIGKILL');
  await exited;
});
