// One end of a channel in a process or thread of its own, for tests that kill it: floods, or answers, or just sits there.
import { parentPort, workerData } from 'node:worker_threads';
import { NativeSocketStream, NativeSocketStreamAcceptor, socketStreamChannel } from '@flow-ipc/core';

const [name, what] = workerData ?? process.argv.slice(2);
const channel = socketStreamChannel(NativeSocketStream.connect(name));
channel.autoPing(20);
// A listener of its own too, whose name must be free again afterwards.
new NativeSocketStreamAcceptor(`${name}_own`);
const say = (text) => (parentPort ? parentPort.postMessage(text) : process.send(text));
say('ready');

if (what === 'flood') {
  const blob = new Uint8Array(1000).fill(7);
  const burst = () => {
    for (let i = 0; i < 50 && channel.queuedBytes < 1 << 20; i++) channel.sendBlob(blob);
    setImmediate(burst);
  };
  burst();
} else if (what === 'echo') {
  for await (const blob of channel.blobs()) channel.sendBlob(blob);
} else {
  await channel.receiveBlob().catch(() => {});
}
