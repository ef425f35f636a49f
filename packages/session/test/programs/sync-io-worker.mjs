// A server (TEST_ROLE=server) or a client in the sync_io form, blocked in epoll whenever it waits. It echoes on the
// channels that it is given, talks on those that it opens, and tells the test what happens.
import { parentPort } from 'node:worker_threads';
import { FlowIpcError } from '@flow-ipc/core';
import { EpollEventLoop, WOULD_BLOCK } from '@flow-ipc/core/sync-io';
import { ClientSession, SessionServer } from '@flow-ipc/session/sync-io';
import { CLI, SRV } from './universe.mjs';

let turned = 0;
setImmediate(() => turned++);
Promise.resolve().then(() => turned++);

const tell = (event, data = {}) =>
  parentPort.postMessage({ event, at: Number(process.hrtime.bigint() / 1000n), turned, ...data });
const loop = new EpollEventLoop();
const liveness = {
  pingPeriodMs: Number(process.env.TEST_PING ?? 2000),
  idleTimeoutMs: Number(process.env.TEST_IDLE ?? 5000),
};

/** Runs it unless the peer has gone, of which the receiving half, or the session, hears as well. */
function unlessGone(call) {
  try {
    call();
  } catch (err) {
    if (!(err instanceof FlowIpcError)) throw err;
  }
}

/** Hands each message to `onBlob`, and the end to `onEnd`. */
function receive(channel, onBlob, onEnd) {
  channel.replaceEventWaitHandles(loop.createHandle);
  channel.startSendOps(loop.eventWait);
  channel.startReceiveOps(loop.eventWait);
  const target = Buffer.alloc(channel.maxBlobSize);
  const next = () => {
    try {
      for (;;) {
        const size = channel.asyncReceiveBlob(target, (error, late) => {
          if (error) return onEnd(error);
          onBlob(target.subarray(0, late));
          next();
        });
        if (typeof size !== 'number') return;
        onBlob(target.subarray(0, size));
      }
    } catch (err) {
      if (!(err instanceof FlowIpcError)) throw err;
      onEnd(err);
    }
  };
  next();
}

const echo = (channel) =>
  receive(
    channel,
    (blob) => unlessGone(() => channel.sendBlob(blob)),
    () => channel.close(),
  );

/** Ten round trips, whose content is checked. */
function talk(channel, done) {
  let round = 0;
  const say = () => unlessGone(() => channel.sendBlob(Buffer.alloc(1 + ((round * 7919) % 20_000), round)));
  receive(
    channel,
    (blob) => {
      if (!blob.equals(Buffer.alloc(1 + ((round * 7919) % 20_000), round)))
        throw new Error('another blob came back');
      if (++round < 10) return say();
      channel.close();
      done();
    },
    () => channel.close(),
  );
  say();
}

/** Opens a channel and talks on it, and so on while there is a session. */
function openAndTalk(session, opened) {
  if (session.error) return;
  const talkOn = (error, channel) => {
    if (error) return tell('open-failed', { code: error.code });
    talk(channel, () => opened(() => openAndTalk(session, opened)));
  };
  unlessGone(() => session.asyncOpenChannel(talkOn));
}

function serve() {
  const server = new SessionServer({ server: SRV, clients: [CLI], ...liveness });
  server.replaceEventWaitHandles(loop.createHandle);
  server.startOps(loop.eventWait);
  const ready = (error) =>
    error ? tell('failed', { code: error.code }) : tell('ready', { pid: process.pid });
  if (server.asyncStart(ready) === true) ready();
  const accept = () =>
    server.asyncAccept((error, session) => {
      accept();
      if (error) return tell('refused', { code: error.code });
      const client = session.peer.pid;
      session.initHandlers({
        onPassiveOpen: echo,
        onError: (err) => {
          tell('lost', { client, code: err.code });
          session.close();
        },
      });
      tell('accepted', { client });
      for (const channel of session.channels) echo(channel);
      openAndTalk(session, (again) => again());
    });
  accept();
  loop.run();
}

function connect() {
  const onError = (error) => {
    tell('lost', { code: error.code });
    session.close();
    loop.stop();
  };
  const session = new ClientSession({
    client: { ...CLI, name: process.env.TEST_CLIENT ?? 'cli' },
    server: SRV,
    channels: 1,
    onPassiveOpen: echo,
    onError,
    ...liveness,
  });
  session.replaceEventWaitHandles(loop.createHandle);
  session.startOps(loop.eventWait);
  const connected = (error) => {
    if (error) {
      tell('refused', { code: error.code, cause: error.cause?.code });
      return loop.stop();
    }
    tell('connected', { server: Number(session.scope.serverNamespace) });
    for (const channel of session.channels) echo(channel);
    let left = process.env.TEST_STAY === '1' ? Number.POSITIVE_INFINITY : 10;
    openAndTalk(session, (again) => {
      if (left-- === 10 || left === Number.POSITIVE_INFINITY) tell('busy');
      if (left > 0) return again();
      const done = () => {
        tell('done');
        loop.stop();
      };
      if (session.asyncClose(done) !== WOULD_BLOCK) done();
    });
  };
  // No server yet: again, a little later.
  for (;;) {
    try {
      session.asyncConnect(connected);
      break;
    } catch (err) {
      if (!err.code.endsWith('SERVER_NOT_RUNNING')) throw err;
      loop.runOnce(10);
    }
  }
  loop.run();
}

tell('started');
if (process.env.TEST_ROLE === 'server') serve();
else connect();
loop.close();
