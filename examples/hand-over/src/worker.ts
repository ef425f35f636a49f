// Serves the connections that the server hands over: says who it is, then repeats in capitals what the client says.
import { Channel, FlowIpcError, NativeSocketStream, TransportError } from '@flow-ipc/core';

const channel = new Channel(NativeSocketStream.connect(process.argv[2]!));
try {
  for await (const { blob, handle } of channel.messages()) {
    const socket = handle!.toSocket(); // a net.Socket like any other
    socket.write(`process ${process.pid}, ${Buffer.from(blob)}\n`);
    socket.setEncoding('utf8').on('data', (text) => socket.write(String(text).toUpperCase()));
    socket.on('end', () => socket.end()).on('error', () => socket.destroy());
  }
} catch (err) {
  // The server has ended: this worker ends once its last connection does.
  if (!(err instanceof FlowIpcError && err.code === TransportError.EOF)) throw err;
}
