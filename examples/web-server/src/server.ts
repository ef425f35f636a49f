import { spawn } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Channel, NativeHandle } from '@flow-ipc/core';
import { SessionServer } from '@flow-ipc/session';
import { WEB, WORKER } from './apps.js';

const WORKERS = 2;
const channels: Channel[] = [];
let turn = 0;

// A connection is handed over before a byte of it is read: the worker talks to the browser, we are out of it.
const web = createServer({ pauseOnConnect: true }, (connection) => {
  const channel = channels[turn++ % channels.length];
  if (!channel) {
    connection.destroy();
    return;
  }
  using handle = NativeHandle.take(connection);
  channel.sendNativeHandle(handle);
});

const server = await SessionServer.create({ server: WEB, clients: [WORKER] });
const workerScript = fileURLToPath(new URL('./worker.js', import.meta.url));
for (let i = 0; i < WORKERS; i++) startWorker();
web.listen(Number(process.env.PORT ?? 0), '127.0.0.1');

for await (const session of server.sessions()) {
  const channel = session.channels[0]!;
  channels.push(channel);
  session.initHandlers({
    // A worker that dies takes no more connections; the one that replaces it logs in by itself.
    onError: () => {
      channels.splice(channels.indexOf(channel), 1);
      channel.close();
    },
  });
  const { port } = web.address() as AddressInfo;
  if (channels.length === WORKERS) console.log(`${WORKERS} workers serve http://127.0.0.1:${port}/`);
}

function startWorker(): void {
  spawn('node', [workerScript], { stdio: ['ignore', 'inherit', 'inherit'] }).once('exit', startWorker);
}
