// Two processes' worth of a session, in two threads that both block: the server in a worker, the client here.
import { Worker } from 'node:worker_threads';
import type { FlowIpcError } from '@flow-ipc/core';
import { EpollEventLoop, type EpollWatch, WOULD_BLOCK } from '@flow-ipc/core/sync-io';
import { ClientSession } from '@flow-ipc/session/sync-io';
import { ASKER, SHOUTER } from './apps.js';
import { eachBlob, type LoopChannel } from './blobs.js';

const worker = new Worker(new URL('./session-server.js', import.meta.url), { workerData: { sessions: 1 } });

using loop = new EpollEventLoop();
const session = new ClientSession<EpollWatch>({ client: ASKER, server: SHOUTER });
session.replaceEventWaitHandles(loop.createHandle);
session.startOps(loop.eventWait);

function fail(error: FlowIpcError | undefined): asserts error is undefined {
  if (error) throw error;
}

/** Goes round the loop until there is a session: no server, or none yet, is found at once. */
function connect(): void {
  while (!session.isPeer) {
    try {
      if (session.asyncConnect(fail) === WOULD_BLOCK) while (!session.isPeer) loop.runOnce();
    } catch (err) {
      if ((err as FlowIpcError).code !== 'ERR_FLOW_IPC_SESSION_SERVER_NOT_RUNNING') throw err;
      loop.runOnce(20);
    }
  }
}

function ask(channel: LoopChannel, words: string[]): void {
  let asked = words.shift()!;
  const say = () => channel.sendBlob(Buffer.from(asked));
  eachBlob(
    loop,
    channel,
    (answer) => {
      console.log(`${asked} -> ${answer}`);
      const word = words.shift();
      if (word === undefined) return loop.stop();
      asked = word;
      say();
    },
    fail,
  );
  say();
}

connect();
session.asyncOpenChannel((error, channel) => {
  fail(error);
  ask(channel!, ['one', 'two', 'three']);
});
loop.run();
if (session.asyncClose(() => loop.stop()) === WOULD_BLOCK) loop.run();
session.close();
worker.unref();
