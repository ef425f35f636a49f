// The program of a child or worker that is only started, or connected to, to see how long that takes.
import { isMainThread, type MessagePort, parentPort } from 'node:worker_threads';

if (isMainThread) {
  process.on('message', (value) => void process.send!(value));
} else {
  parentPort!.on('message', (port: MessagePort) => {
    port.on('message', (value) => port.postMessage(value));
  });
}
