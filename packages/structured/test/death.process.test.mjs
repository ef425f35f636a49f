// Ends that die, are killed in the midst of requests, or terminated as threads: what waits is told once, nothing leaks.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { NativeSocketStreamAcceptor, socketStreamChannel } from '@flow-ipc/core';
import { StructuredChannel } from '@flow-ipc/structured';
import { Body } from './programs/bodies.mjs';

const program = fileURLToPath(new URL('./programs/victim.mjs', import.meta.url));
const name = `structDeath${process.pid}`;
let count = 0;

/** A channel to a new victim, a process or a thread. */
async function meet(start, what, options = {}) {
  const own = `${name}_${count++}`;
  const acceptor = new NativeSocketStreamAcceptor(own);
  const victim = start(own, what);
  const channel = new StructuredChannel(socketStreamChannel(await acceptor.accept()), Body, options);
  acceptor.close();
  return { victim, channel };
}
const asProcess = (own, what) => fork(program, [own, what]);
const asThread = (own, what) => new Worker(program, { workerData: [own, what] });
const ask = (channel) => channel.buildMsg('ask', (x) => (x.number = 1));

test('a peer killed in the midst of requests: every wait is settled once, with its code', {
  timeout: 30_000,
}, async () => {
  const errors = [];
  const { victim, channel } = await meet(asProcess, 'silent', { onError: (err) => errors.push(err.code) });
  const settled = new Map();
  const note = (label) => (result) => {
    const codes = settled.get(label) ?? [];
    settled.set(label, [...codes, result?.code ?? result]);
  };
  const waits = {
    request: channel.request(ask(channel)),
    patient: channel.request(ask(channel), { timeoutMs: 60_000, signal: new AbortController().signal }),
    open: channel.responses(ask(channel)).next(),
    iteration: channel.messages('answer').next(),
    message: channel.message('bulk'),
  };
  for (const [label, wait] of Object.entries(waits)) wait.then(note(label), note(label));
  const handled = [];
  channel.asyncRequest(ask(channel), () => handled.push('response'));
  await new Promise((resolve) => {
    let asked = 0;
    victim.on('message', () => ++asked === 4 && resolve());
  });
  victim.kill('SIGKILL');
  await once(victim, 'exit');
  await Promise.allSettled(Object.values(waits));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(
    Object.fromEntries(settled),
    Object.fromEntries(Object.keys(waits).map((label) => [label, [errors[0]]])),
  );
  assert.deepEqual([errors.length, handled, channel.counters.pendingRequests], [1, [], 0]);
  assert.match(errors[0], /ERR_FLOW_IPC_(EOF|SYSTEM|LOW_LVL_TRANSPORT_HOSED_CANNOT_RECEIVE)/);
});

test('a peer killed while we block: the blocking call throws, and only that', {
  timeout: 30_000,
}, async () => {
  const acceptor = new NativeSocketStreamAcceptor(`${name}_blocked`);
  const blocked = fork(program, [`${name}_blocked`, 'blocked']);
  const channel = new StructuredChannel(socketStreamChannel(await acceptor.accept()), Body);
  acceptor.close();
  await channel.message('ask');
  // The other end of a killed process, as the kernel closes it.
  channel.ownedChannel.close();
  const [{ threw, errors }] = await once(blocked, 'message');
  assert.match(threw, /ERR_FLOW_IPC_(EOF|SYSTEM|LOW_LVL_TRANSPORT_HOSED_CANNOT_RECEIVE)/);
  assert.deepEqual(errors, []);
  blocked.kill('SIGKILL');
  await once(blocked, 'exit');
});

test('threads terminated in the midst of requests leave nothing open, and their peers are told', {
  timeout: 60_000,
}, async () => {
  const open = () => readdirSync('/proc/self/fd').length;
  let before;
  for (let round = 0; round < 6; round++) {
    const ended = [];
    const { victim, channel } = await meet(asThread, 'busy', { onError: (err) => ended.push(err.code) });
    let served = 0;
    const goal = 50 + round * 37;
    await new Promise((resolve) => {
      channel.expectMsgs('ask', (request) => {
        if (++served === goal) resolve();
        channel.send(
          channel.buildMsg('answer', (x) => (x.number = 1)),
          request,
        );
        request.release();
      });
    });
    await victim.terminate();
    for (let i = 0; ended.length === 0 && i < 400; i++)
      await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(ended.length, 1);
    channel.close();
    // Closed descriptors go in a later turn of the loop. The first round opens what stays, such as pools of the runtime.
    if (round === 0) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      before = open();
    }
    for (let i = 0; open() > before && i < 400; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(open() <= before, `${open()} descriptors are open, ${before} were`);
  }
});
