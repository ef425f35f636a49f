// One end that is killed, or whose peer is: takes requests and never answers, or waits in every way there is.
import { parentPort, workerData } from 'node:worker_threads';
import { NativeSocketStream, socketStreamChannel } from '@flow-ipc/core';
import { StructuredChannel } from '@flow-ipc/structured';
import { Body } from './bodies.mjs';

const [name, what] = workerData ?? process.argv.slice(2);
const tell = (message) => (parentPort ? parentPort.postMessage(message) : process.send(message));
const errors = [];
const channel = new StructuredChannel(socketStreamChannel(NativeSocketStream.connect(name)), Body, {
  onError: (err) => errors.push(err.code),
});
const ask = () => channel.buildMsg('ask', (x) => (x.number = 1));

if (what === 'silent') {
  channel.expectMsgs('ask', () => tell('asked'));
} else if (what === 'blocked') {
  channel.send(ask());
  try {
    channel.syncRequest(ask());
  } catch (err) {
    tell({ threw: err.code, errors });
  }
} else if (what === 'busy') {
  // Until it is terminated, in the midst of whatever it does.
  channel.expectMsgs('answer', (m) => m.release());
  for (;;) {
    for (let i = 0; i < 20; i++) channel.send(ask());
    channel.syncRequest(ask()).release();
    await channel.request(ask());
  }
}
