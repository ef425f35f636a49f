// One side of a session whose two sides both make their arenas grow, and shrink, at once: one thread each, no pauses.
import { ClientSession, SessionServer } from '@flow-ipc/shm-arena-lend';
import { Body, CLI, fill, isWhole, patience, SRV, tell } from './universe.mjs';

const isServer = process.env.TEST_ROLE === 'server';
const until = performance.now() + Number(process.env.TEST_SECONDS) * 1000;
let server;
let session;
if (isServer) {
  server = await SessionServer.create({ server: SRV, clients: [CLI], ...patience });
  tell('ready');
  session = await server.accept();
  session.initHandlers({ onError: (err) => tell('over', { code: err.code, message: err.message }) });
} else {
  const onError = (err) => tell('over', { code: err.code, message: err.message });
  session = await ClientSession.connect({ client: CLI, server: SRV, channels: 1, onError, ...patience });
}
const channel = session.structured(session.channels[0], Body, {
  onError: (err) => tell('channel-over', { code: err.code, message: err.message }),
});

let received = 0;
let highest = 0;
let pools = 0;
const held = [];
channel.expectMsgs('file', (message) => {
  received++;
  const { data } = message.body.file;
  if (!isWhole(data)) tell('damaged', { size: data.length });
  held.push(message);
  while (held.length > 50) held.shift().release();
});
// Sizes of every kind; the arena's pools are used up and removed over and over.
const mine = [];
for (let i = 0; performance.now() < until; i++) {
  const msg = channel.createMsg();
  fill(msg.body.initFile().initData(Math.floor(2 ** (4 + Math.random() * 16))));
  channel.send(msg);
  mine.push(msg);
  if (mine.length > 100) for (const old of mine.splice(0)) old.release();
  // Some requests are answered by nobody who has time: both wait for each other's event loop, not for each other.
  if (i % 10 === 0) await new Promise(setImmediate);
  if (i % 500 === 0) session.sessionShm.trim();
  pools = Math.max(pools, session.sessionShm.stats.pools);
  highest = Math.max(highest, ...session.sessionShm.pools.map(({ id }) => id));
}
for (const old of mine) old.release();
tell('quiet', { received, pools, highest });
process.on('message', async ({ question }) => {
  if (question === 'drop') {
    for (const message of held.splice(0)) message.release();
    tell('drop');
  } else if (question === 'left') {
    const objects = session.sessionShm.closed ? -1 : session.sessionShm.stats.objects;
    tell('left', {
      objects,
      error: session.error && `${session.error.code} ${session.error.message}`,
      received,
    });
  } else {
    await session.close();
    await server?.close();
    tell('end');
    process.disconnect();
  }
});
