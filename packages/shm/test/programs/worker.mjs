// A client in a worker thread: asks for files until it is terminated.
import { parentPort, workerData } from 'node:worker_threads';
import { ClientSession } from '@flow-ipc/shm';
import { Body, CLI, SRV } from './universe.mjs';

const session = await ClientSession.connect({ client: CLI, server: SRV, channels: 2 });
const [channel, other] = session.channels.map((plain) => session.structured(plain, Body));
parentPort.postMessage('connected');
void other.messages('file').next(); // never comes
for (let i = 0; ; i++) {
  const request = channel.buildMsg((body) => (body.initGet().name = String(1 + ((i * 7919) % 300_000))));
  const response = workerData.sync ? channel.syncRequest(request) : await channel.request(request);
  void response.body.file.data[0];
  // Now and then something is left to the garbage collector, and to the end of the thread.
  if (i % 7 === 0) continue;
  response.release();
  request.release();
}
