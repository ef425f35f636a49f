// The process at the other end: echoes raw blobs, answers structured requests, tells its CPU time when asked.
import { Channel, NativeSocketStream } from '@flow-ipc/core';
import { StructuredChannel } from '@flow-ipc/structured';
import { Body } from './generated/overhead.capnp.js';
import { linkName } from './links.js';
import { clientApp, MEMORIES, MEMORY_NAMES, serverApp } from './memories.js';

const [pid, runDir, clientPath] = process.argv.slice(2);
const raw = new Channel(NativeSocketStream.connect(linkName(Number(pid), 'raw')));

function answerAll(channel: StructuredChannel<typeof Body>): void {
  channel.expectMsgs('ask', (request) => {
    using response = channel.buildMsg('answer', (answer) => (answer.number = request.body.ask.number));
    channel.send(response, request);
    request.release();
  });
}

const onError = () => process.exit();
answerAll(
  new StructuredChannel(new Channel(NativeSocketStream.connect(linkName(Number(pid), 'structured'))), Body, {
    onError,
  }),
);
for (const memory of MEMORY_NAMES) {
  const { SessionServer } = MEMORIES[memory];
  const server = await SessionServer.create({
    server: serverApp(memory, runDir!),
    clients: [clientApp(clientPath!)],
  });
  void server.accept().then((session) => {
    session.initHandlers({ onError });
    answerAll(session.structured(session.channels[0]!, Body));
  });
}
process.on('message', () => process.send!(process.cpuUsage()));
process.on('disconnect', () => process.exit());
process.send!('ready');
for await (const { blob } of raw.messages()) raw.sendBlob(blob);
