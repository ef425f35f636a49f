// A session server in a thread that never returns to Node's event loop: it serves as many sessions as it was told, one
// epoll loop for all of them. It echoes in capitals what comes by the channels that its clients open.
import { workerData } from 'node:worker_threads';
import { EpollEventLoop, type EpollWatch } from '@flow-ipc/core/sync-io';
import { type ServerSession, SessionServer } from '@flow-ipc/session/sync-io';
import { ASKER, SHOUTER } from './apps.js';
import { eachBlob, type LoopChannel } from './blobs.js';

using loop = new EpollEventLoop();
using server = new SessionServer<EpollWatch>({ server: SHOUTER, clients: [ASKER] });
server.replaceEventWaitHandles(loop.createHandle);
server.startOps(loop.eventWait);
let left = (workerData as { sessions: number }).sessions;

const shout = (channel: LoopChannel): void =>
  eachBlob(
    loop,
    channel,
    (text) => channel.sendBlob(Buffer.from(text.toUpperCase())),
    () => channel.close(),
  );

function serve(session: ServerSession<EpollWatch>): void {
  session.initHandlers({
    onPassiveOpen: shout,
    onError: () => {
      session.close();
      if (--left === 0) loop.stop();
    },
  });
}

function accept(): void {
  server.asyncAccept((error, session) => {
    if (session) serve(session);
    else console.error(`A client was refused: ${error!.message}`);
    accept();
  });
}

server.asyncStart((error) => {
  if (error) throw error;
});
accept();
loop.run();
