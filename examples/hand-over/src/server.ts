// Accepts TCP connections and hands each one to the next of its worker processes: node dist/server.js [port]
import { spawn } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Channel, NativeHandle, NativeSocketStreamAcceptor } from '@flow-ipc/core';

const name = `hand-over-${process.pid}`;
const acceptor = new NativeSocketStreamAcceptor(name);
const workers: Channel[] = [];
for (let i = 0; i < 2; i++) {
  spawn('node', [fileURLToPath(new URL('worker.js', import.meta.url)), name], { stdio: 'inherit' });
  workers.push(new Channel(await acceptor.accept()));
}

let count = 0;
// Paused: nothing is read here, so that the worker gets all that the client sends.
const server = createServer({ pauseOnConnect: true }, (socket) => {
  using connection = NativeHandle.take(socket); // closes our end once the worker's is on its way
  workers[count++ % workers.length]!.sendNativeHandle(connection, Buffer.from(`connection ${count}`));
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  console.log(`listening on port ${(server.address() as AddressInfo).port}`);
});
