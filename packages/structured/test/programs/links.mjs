// How the two processes of a test find each other: by a name, over the transport that the test asks for.
import {
  BipcMqHandle,
  mqPipes,
  mqsChannel,
  mqsSocketStreamChannel,
  NativeSocketStream,
  NativeSocketStreamAcceptor,
  PosixMqHandle,
  socketStreamChannel,
} from '@flow-ipc/core';

const QUEUES = { posix: PosixMqHandle, bipc: BipcMqHandle };
const SIZE = { maxMessages: 5, maxMsgSize: 2048 };

/** The server's end of channel number `n`. */
export async function serve(name, n, transport) {
  const [kind, withSocket] = transport.split('+');
  if (kind === 'socket') return socketStreamChannel(await accepted(`${name}_${n}`));
  const handles = {
    out: QUEUES[kind].create(`_${name}_${n}_s2c`, SIZE),
    in: QUEUES[kind].create(`_${name}_${n}_c2s`, SIZE),
  };
  // Listening tells the client that the queues are there.
  const stream = await accepted(`${name}_${n}`);
  if (withSocket) return mqsSocketStreamChannel(mqPipes(handles), stream);
  await new Promise((resolve) => stream.startReceive({ onMessage: resolve, onEnd: resolve }));
  stream.close();
  return mqsChannel(mqPipes(handles));
}

async function accepted(name) {
  const acceptor = new NativeSocketStreamAcceptor(name);
  const stream = await acceptor.accept();
  acceptor.close();
  return stream;
}

/** The client's, which tries until the server is there. */
export async function connect(name, n, transport) {
  const stream = await connected(`${name}_${n}`);
  const [kind, withSocket] = transport.split('+');
  if (kind === 'socket') return socketStreamChannel(stream);
  const handles = {
    out: QUEUES[kind].open(`_${name}_${n}_c2s`),
    in: QUEUES[kind].open(`_${name}_${n}_s2c`),
  };
  if (withSocket) return mqsSocketStreamChannel(mqPipes(handles), stream);
  stream.close();
  return mqsChannel(mqPipes(handles));
}

async function connected(name) {
  for (let tries = 0; ; tries++) {
    try {
      return NativeSocketStream.connect(name);
    } catch (err) {
      if (tries > 2000) throw err;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
