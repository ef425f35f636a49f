// Both sides of a long conversation that uses all that structured channels can do (feature 242, on the heap).
import assert from 'node:assert/strict';
import { readSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { NativeHandle, NativeSocketStream } from '@flow-ipc/core';
import { closeFd } from '@flow-ipc/native';
import { StructuredChannel } from '@flow-ipc/structured';
import { Body, SideBody } from './bodies.mjs';
import { connect, serve } from './links.mjs';

const [role, name, transport] = process.argv.slice(2);
const carriesHandles = transport.includes('socket');
/** Many segments; but the list of parts itself must fit one. */
const [PARTS, PART] = transport === 'socket' ? [1000, 20_000] : [200, 1500];
const MIX = 200;

/** The same random choices on both sides. */
let seed = 12345;
const random = (below) => {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed % below;
};

const errors = [];
const options = (label, more = {}) => ({ ...more, onError: (err) => errors.push(`${label} ${err.code}`) });
const until = async (condition, what) => {
  for (let i = 0; !condition(); i++) {
    assert(i < 4000, `waited in vain for ${what}`);
    await sleep(5);
  }
};
const coded = (code) => ({ code: `ERR_FLOW_IPC_${code}` });

async function server() {
  // Log-in.
  const main = new StructuredChannel(
    await serve(name, 0, 'socket'),
    Body,
    options('main', { logIn: 'server' }),
  );
  assert.throws(() => main.send(main.createMsg()), coded('STRUCT_NOT_LOGGED_IN'));
  await new Promise((resolve) =>
    main.expectLogInRequest('ask', (request) => {
      assert.equal(request.body.ask.number, 1n);
      main.send(main.buildMsg('answer'), request);
      resolve();
    }),
  );
  const { sessionToken } = main;

  // Two more channels with its token; the first is started late, the client has sent already.
  const remote = [];
  const body = new StructuredChannel(await serve(name, 1, transport), Body, {
    sessionToken,
    manualStart: true,
    onRemoteUnexpectedResponse: (id, text) => remote.push([id, text]),
  });
  const side = new StructuredChannel(
    await serve(name, 2, transport),
    SideBody,
    options('side', { sessionToken }),
  );
  const early = [];
  body.expectMsg('answer', (m) => early.push(m.body.answer.numberNumber));
  await sleep(50);
  assert.deepEqual(early, []);
  body.start((err) => errors.push(`body ${err.code}`));
  await until(() => early.length === 1, 'the first early message');
  body.expectMsgs('answer', (m) => early.push(m.body.answer.numberNumber));
  await until(() => early.length === 5, 'all early messages');
  assert.deepEqual(early, [0, 1, 2, 3, 4]);
  assert.equal(body.undoExpectMsgs('answer'), true);
  assert.equal(body.undoExpectMsgs('answer'), false);

  // Fields beside the union, a kind without a value.
  for (const kind of ['note', 'count', 'nothing']) {
    const m = await side.message(kind);
    assert.equal(m.body.sender, 'client');
    if (kind === 'note') assert.equal(m.body.note, 'hello');
    if (kind === 'count') assert.equal(m.body.count, 7);
  }

  // Requests: as many answers as asked for; more than 100 means late ones, 1000 a duplicate.
  body.expectMsgs('ask', async (request) => {
    const number = request.body.ask.numberNumber;
    if (number >= 1000) {
      body.send(
        body.buildMsg('answer', (a) => (a.number = 1)),
        request,
      );
      body.send(
        body.buildMsg('answer', (a) => (a.number = 2)),
        request,
      );
      return;
    }
    if (number > 100) await sleep(150);
    const count = number > 100 ? 1 : number;
    const response = body.createMsg();
    for (let n = 0; n < count; n++) {
      // The same message sent again, changed.
      response.body.initAnswer().number = number + n;
      body.send(response, request);
    }
  });
  await side.message('nothing');
  await until(() => remote.length === 1, 'the report of the unexpected response');
  assert.match(remote[0][1], /number = 2/);

  // A random mix with and without descriptors, in order; through each comes back which it was.
  if (carriesHandles) {
    let n = 0;
    for await (const m of body.messages('bulk')) {
      const has = random(2) === 1;
      assert.equal(m.body.bulk.data.length, n);
      assert.equal(m.nativeHandle !== null, has);
      if (has) writeSync(m.nativeHandle.fd, Buffer.of(n));
      if (++n === MIX) break;
    }
  }

  // A giant list.
  const giant = await body.message('bulk');
  const { parts } = giant.body.bulk;
  assert.equal(parts.length, PARTS);
  for (let i = 0; i < parts.length; i++) assert(parts.at(i).every((x) => x === i % 251));

  // Idle time-out: this channel pings, the other side has stopped to.
  const idle = new StructuredChannel(
    await serve(name, 3, transport),
    Body,
    options('idle', { sessionToken }),
  );
  idle.ownedChannel.blobReceiver?.idleTimerRun(1000);
  idle.ownedChannel.handleReceiver?.idleTimerRun(1000);
  await until(() => errors.some((e) => e.startsWith('idle')), 'the idle time-out');
  process.send('silent');

  // Ends, of all sorts.
  await until(() => errors.length === 4, `four ends, not ${errors}`);
  assert.equal(
    errors.find((e) => e.startsWith('body')),
    'body ERR_FLOW_IPC_RECEIVES_FINISHED_CANNOT_RECEIVE',
  );
  assert.equal(
    errors.find((e) => e.startsWith('side')),
    'side ERR_FLOW_IPC_RECEIVES_FINISHED_CANNOT_RECEIVE',
  );
  assert.equal(
    errors.find((e) => e.startsWith('idle')),
    'idle ERR_FLOW_IPC_RECEIVER_IDLE_TIMEOUT',
  );
  assert.equal(
    errors.find((e) => e.startsWith('main')),
    'main ERR_FLOW_IPC_EOF',
  );
}

async function client() {
  assert.throws(() => NativeSocketStream.connect(`${name}_nobody`), coded('SYSTEM'));
  const main = new StructuredChannel(await connect(name, 0, 'socket'), Body, { logIn: 'client' });
  const logIn = main.buildMsg('ask', (ask) => (ask.number = 1));
  main.syncRequest(logIn, { expect: 'answer' }).release();
  const { sessionToken } = main;

  const unexpected = [];
  const body = new StructuredChannel(await connect(name, 1, transport), Body, {
    sessionToken,
    onUnexpectedResponse: (m) => unexpected.push(m.body.answer.numberNumber),
  });
  for (let n = 0; n < 5; n++) body.send(body.buildMsg('answer', (a) => (a.number = n)));
  const side = new StructuredChannel(await connect(name, 2, transport), SideBody, { sessionToken });
  const fill = (set) => {
    const msg = side.createMsg();
    msg.body.sender = 'client';
    set(msg.body);
    return msg;
  };
  side.send(fill((b) => (b.note = 'hello')));
  side.send(fill((b) => (b.count = 7)));
  side.send(fill((b) => b.setNothing()));
  // What waits for room in a queue leaves while this thread's event loop runs: not during a blocking request.
  await side.drained();

  const ask = (n) => body.buildMsg('ask', (x) => (x.number = n));
  // One response, blocking and not; many; with and without undo.
  assert.equal(body.syncRequest(ask(1)).body.answer.number, 1n);
  assert.equal((await body.request(ask(1), { timeoutMs: 10_000 })).body.answer.number, 1n);
  const numbers = [];
  for await (const r of body.responses(ask(5), { expect: 'answer' })) {
    numbers.push(r.body.answer.numberNumber);
    if (numbers.length === 5) break;
  }
  assert.deepEqual(numbers, [5, 6, 7, 8, 9]);
  // Too late, twice: dropped without ado.
  assert.throws(() => body.syncRequest(ask(101), { timeoutMs: 30 }), coded('TIMEOUT'));
  await assert.rejects(body.request(ask(102), { timeoutMs: 30 }), coded('TIMEOUT'));
  await until(() => body.counters.lateResponses === 2, 'late responses');
  assert.deepEqual(unexpected, []);
  // A second response to a request for one: told to both sides.
  assert.equal((await body.request(ask(1000))).body.answer.number, 1n);
  await until(() => unexpected.length === 1, 'the unexpected response');
  assert.deepEqual(unexpected, [2]);
  side.send(fill((b) => b.setNothing()));

  if (carriesHandles) {
    const [near, far] = NativeSocketStream.pair();
    const sent = [];
    for (let n = 0; n < MIX; n++) {
      const msg = body.buildMsg('bulk', (b) => (b.data = new Uint8Array(n)));
      if (random(2) === 1) {
        msg.nativeHandle = new NativeHandle(far).dup();
        sent.push(n);
      }
      body.send(msg);
    }
    closeFd(far);
    const back = Buffer.alloc(sent.length);
    let have = 0;
    await until(() => {
      try {
        have += readSync(near, back, have, back.length - have);
      } catch (err) {
        assert.equal(err.code, 'EAGAIN');
      }
      return have === sent.length;
    }, 'what comes back through the descriptors');
    assert.deepEqual([...back], sent);
    closeFd(near);
  }

  const giant = body.buildMsg('bulk', (b) => {
    const parts = b.initParts(PARTS);
    for (let i = 0; i < PARTS; i++) parts.set(i, new Uint8Array(PART).fill(i % 251));
  });
  body.send(giant);
  assert.throws(
    () => body.send(body.buildMsg('bulk', (b) => (b.data = new Uint8Array(70_000)))),
    coded('STRUCT_INTERNAL_ERROR_SERIALIZE_LEAF_TOO_BIG'),
  );

  const idle = await connect(name, 3, transport);
  const silent = new StructuredChannel(idle, Body, { sessionToken });
  idle.autoPing(50);
  await sleep(1500);
  assert.equal(silent.error, undefined);
  // Sending ended is no sign of life any more.
  for (const pipe of [idle.blobSender, idle.handleSender]) pipe?.flush();
  process.kill(process.pid, 'SIGSTOP');
  await body.endSending();
  await side.endSending();
  main.close();
}

await (role === 'server' ? server() : client());
process.send('done');
process.disconnect();
process.exit();
