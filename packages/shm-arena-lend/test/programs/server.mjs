// A server of files made up on the fly, from the arena of the client app: what is lent outlives the session.
import { SessionServer } from '@flow-ipc/shm-arena-lend';
import { Body, CLI, fill, patience, SRV, tell } from './universe.mjs';

const server = await SessionServer.create({ server: SRV, clients: [CLI], ...patience });
let sessions = 0;
tell('ready');
process.on('message', async ({ question }) => {
  if (question === 'end') {
    await server.close();
    tell('end');
    process.disconnect();
    process.exit(0);
  }
  const { objects, pools } = server.appShm(CLI).stats;
  tell('report', { objects, pools, sessions });
});
for await (const session of server.sessions()) {
  sessions++;
  session.initHandlers({
    onError: (err) => {
      sessions--;
      tell('lost', { code: err.code, client: session.peer.pid });
    },
  });
  const channel = session.structured(session.channels[0], Body, {
    serialization: session.memory.appSerialization,
  });
  channel.expectMsgs('get', (request) => {
    const response = channel.createMsg();
    fill(response.body.initFile().initData(Number(request.body.get.name)));
    channel.send(response, request);
    response.release();
    request.release();
  });
}
