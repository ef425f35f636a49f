// The process at the other end: echoes raw blobs, answers structured requests, tells its CPU time when asked.
import { Channel, NativeSocketStream } from '@flow-ipc/core';
import { StructuredChannel } from '@flow-ipc/structured';
import { Body } from './generated/overhead.capnp.js';
import { linkName } from './links.js';

const pid = process.ppid;
const raw = new Channel(NativeSocketStream.connect(linkName(pid, 'raw')));
const channel = new StructuredChannel(
  new Channel(NativeSocketStream.connect(linkName(pid, 'structured'))),
  Body,
  { onError: () => process.exit() },
);

channel.expectMsgs('ask', (request) => {
  using response = channel.buildMsg('answer', (answer) => (answer.number = request.body.ask.number));
  channel.send(response, request);
  request.release();
});
process.on('message', () => process.send!(process.cpuUsage()));
process.send!('ready');
for await (const { blob } of raw.messages()) raw.sendBlob(blob);
