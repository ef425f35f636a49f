// Ours: a socket stream, by itself.
import { basename } from 'node:path';
import { NativeSocketStream, NativeSocketStreamAcceptor } from '@flow-ipc/core';
import type { Link, Server, Setting } from './link.js';
import { PipeLink, PipeServer } from './pipes.js';

/** In the abstract namespace: no file. */
export const socketName = ({ runDir }: Setting) => `flow-ipc-compare-${basename(runDir)}`;

/** Hands out connections until the acceptor is closed. */
export async function acceptAll(
  acceptor: NativeSocketStreamAcceptor,
  take: (stream: NativeSocketStream) => void,
): Promise<void> {
  for (;;) {
    const stream = await acceptor.accept().catch(() => undefined);
    if (!stream) return;
    take(stream);
  }
}

export async function serve(setting: Setting): Promise<Server> {
  const acceptor = new NativeSocketStreamAcceptor(socketName(setting));
  const server = new PipeServer(setting, () => acceptor.close());
  void acceptAll(acceptor, (stream) => server.add({ sender: stream, receiver: stream }));
  return server;
}

export async function connect(setting: Setting): Promise<Link> {
  const stream = NativeSocketStream.connect(socketName(setting));
  return new PipeLink(setting, { sender: stream, receiver: stream });
}
