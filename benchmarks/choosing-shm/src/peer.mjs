// One side of a session of either kind: a server that answers tiny requests, or a client that times them.
import { Body } from '../../../examples/cache/dist/body.js';

const [, , role, kind, app, runDir] = process.argv;
const { ClientSession, SessionServer } = await import(
  kind === 'classic' ? '@flow-ipc/shm' : '@flow-ipc/shm-arena-lend'
);
const me = { execPath: 'node', uid: process.geteuid(), gid: process.getegid() };
const CLI = { name: 'cli', ...me };
const SRV = { name: app, ...me, allowedClients: ['cli'], runDir };
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

if (role === 'server') {
  const server = await SessionServer.create({ server: SRV, clients: [CLI] });
  process.send('ready');
  process.on('disconnect', () => server.close().then(() => process.exit(0)));
  for await (const session of server.sessions()) {
    session.initHandlers({ onError: () => session.close() });
    const channel = session.structured(session.channels[0], Body);
    channel.expectMsgs('get', (request) => {
      const response = channel.buildMsg((body) => body.initGet());
      channel.send(response, request);
      response.release();
      request.release();
    });
  }
} else {
  const opens = [];
  let session;
  for (let i = 0; i < 20; i++) {
    await session?.close();
    const start = performance.now();
    session = await ClientSession.connect({ client: CLI, server: SRV, channels: 1 });
    opens.push(performance.now() - start);
  }
  process.send({ opens });
  const channel = session.structured(session.channels[0], Body);
  process.on('message', async ({ trips, how }) => {
    if (trips === 0) {
      await session.close();
      process.exit(0);
    }
    const times = [];
    for (let i = 0; i < trips; i++) {
      const start = performance.now();
      const request = channel.buildMsg((body) => body.initGet());
      const response = how === 'sync' ? channel.syncRequest(request) : await channel.request(request);
      request.release();
      response.release();
      times.push((performance.now() - start) * 1000);
    }
    process.send(median(times));
  });
}
