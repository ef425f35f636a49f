// Plain Node: a server that answers each line in capitals, and a client, on the event loop that is there anyway.
import { NativeSocketStream, NativeSocketStreamAcceptor, socketStreamChannel } from '@flow-ipc/core';

const name = `flowipc_example_plain_${process.pid}`;
using acceptor = new NativeSocketStreamAcceptor(name);

async function serve(): Promise<void> {
  const channel = socketStreamChannel(await acceptor.accept());
  for await (const blob of channel.blobs())
    channel.sendBlob(Buffer.from(String(Buffer.from(blob)).toUpperCase()));
  channel.close();
}

const serving = serve();
await using client = socketStreamChannel(NativeSocketStream.connect(name));
for (const word of ['one', 'two', 'three']) {
  client.sendBlob(Buffer.from(word));
  const answer = await client.receiveBlob({ signal: AbortSignal.timeout(5000) });
  console.log(`${word} -> ${Buffer.from(answer)}`);
}
await client.endSending();
await serving;
