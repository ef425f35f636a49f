// A program whose server or client lives in a worker thread that never returns to Node's event loop.
import { Worker } from 'node:worker_threads';

const worker = new Worker(new URL('./sync-io-worker.mjs', import.meta.url), { env: process.env });
worker.on('message', (message) => process.connected && process.send(message));
worker.on('exit', (code) => {
  process.exitCode = code;
  process.disconnect();
});
