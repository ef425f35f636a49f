// One of two starters of the same server app: starts and stops a server as it is told.
import { SessionServer } from '@flow-ipc/session';
import { CLI, SRV, tell } from './universe.mjs';

let server;
process.on('message', async ({ order }) => {
  if (order === 'start') {
    server = await SessionServer.create({ server: SRV, clients: [CLI] });
    void serve(server);
    tell('started');
  } else {
    await server.close();
    tell('stopped');
  }
});
tell('ready');

async function serve(server) {
  for await (const session of server.sessions()) {
    session.initHandlers({ onError: () => {} });
    tell('accepted');
  }
}
