// One side of a session that does nothing but end it when asked, and tells how that went.
import { ClientSession, SessionServer } from '@flow-ipc/shm-arena-lend';
import { Body, CLI, patience, SRV, tell } from './universe.mjs';

process.on('warning', ({ code, message }) => tell('warning', { code, message }));
const onError = (err) => tell('over', { code: err.code });
let server;
let session;
if (process.env.TEST_ROLE === 'server') {
  server = await SessionServer.create({ server: SRV, clients: [CLI], ...patience });
  tell('ready');
  session = await server.accept();
  session.initHandlers({ onError });
} else {
  session = await ClientSession.connect({ client: CLI, server: SRV, channels: 1, onError, ...patience });
}
const channel = session.structured(session.channels[0], Body);
channel.expectMsgs('file', () => {});
// Something of ours is on loan when it ends.
const msg = channel.buildMsg('file', (file) => {
  file.data = new Uint8Array(1000);
});
channel.send(msg);
tell('open');
process.on('message', async () => {
  const start = performance.now();
  await session.close();
  const ms = performance.now() - start;
  // The warning comes in a turn of its own.
  await new Promise(setImmediate);
  tell('closed', { ms });
  await server?.close();
  process.disconnect();
});
