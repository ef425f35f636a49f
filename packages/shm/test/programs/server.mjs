// A server of files made up on the fly: tells what happens to its sessions.
import { SessionServer } from '@flow-ipc/shm';
import { Body, CLI, SRV, tell } from './universe.mjs';

const server = await SessionServer.create({ server: SRV, clients: [CLI] });
tell('ready', { pid: process.pid });
process.on('message', async ({ exit }) => {
  if (exit !== 'orderly') process.exit(0);
  await server.close();
  process.exit(0);
});
for (;;) {
  let session;
  try {
    session = await server.accept();
  } catch (err) {
    tell('refused', { code: err.code });
    continue;
  }
  session.initHandlers({ onError: (err) => tell('lost', { code: err.code, client: session.peer.pid }) });
  for (const plain of session.channels) {
    const channel = session.structured(plain, Body);
    channel.expectMsgs('get', (request) => {
      using_(request, () => {
        const response = channel.createMsg();
        const size = Number(request.body.get.name);
        response.body
          .initFile()
          .initData(size)
          .fill(size % 251);
        channel.send(response, request);
        response.release();
      });
    });
  }
  tell('accepted', { client: session.peer.pid });
}

function using_(message, task) {
  try {
    task();
  } finally {
    message.release();
  }
}
