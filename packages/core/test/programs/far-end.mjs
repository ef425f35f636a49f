// The far end of the compliance suite in a process or thread of its own: gets tasks one by one, connects, reports.
import { parentPort } from 'node:worker_threads';
import { NativeSocketStream, socketStreamChannel, socketStreamChannelOfBlobs } from '@flow-ipc/core';
import { runFarEnd, syncIoEnd } from '@flow-ipc/core/compliance';
import { Channel as SyncIoChannel, NativeSocketStream as SyncIoStream } from '@flow-ipc/core/sync-io';

const syncIo = (name, kind) => {
  const stream = new SyncIoStream();
  stream.syncConnect(name);
  return syncIoEnd(new SyncIoChannel({ [kind]: { sender: stream, receiver: stream } }));
};

const forms = {
  async: (name) => socketStreamChannel(NativeSocketStream.connect(name)),
  'async, blobs': (name) => socketStreamChannelOfBlobs(NativeSocketStream.connect(name)),
  sync_io: (name) => syncIo(name, 'handles'),
};

const port = parentPort ?? process;
const reply = (message) => (parentPort ? parentPort.postMessage(message) : process.send(message));

port.on('message', async ({ task, form, name }) => {
  try {
    await runFarEnd(task, forms[form](name));
    reply({ ok: true });
  } catch (err) {
    reply({ ok: false, message: String(err?.stack ?? err) });
  }
});
