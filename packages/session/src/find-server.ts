// From a server app to a connection with its process, and what it means when there is none (features 139, 155).
import { constants } from 'node:os';
import {
  EAGAIN,
  ECONNREFUSED,
  type EventLoop,
  FlowIpcError,
  NativeSocketStream,
  ownProcessCredentials,
  processInvokedAs,
  processRunning,
} from '@flow-ipc/core';
import { type ClientApp, listenerName, type ServerApp } from './app.js';
import { SessionError } from './errors.js';
import { checkIdentity } from './identity.js';
import { guessedRefusal } from './refusal.js';

const ESRCH = -constants.errno.ESRCH;

/** Connected to the process that the CNS file names, which must be what the server app says (C++ does not look). */
export function connectToServer(server: ServerApp, pid: string, loop: EventLoop): NativeSocketStream {
  const stream = connectToListener(server, pid, loop);
  try {
    const peer = stream.remotePeerProcessCredentials;
    if (peer.pid !== Number(pid)) {
      throw new FlowIpcError(
        SessionError.SERVER_INCONSISTENT_CREDS,
        `Process ${peer.pid} listens where server '${server.name}', process ${pid}, should`,
      );
    }
    checkIdentity(peer, server, SessionError.SERVER_INCONSISTENT_CREDS, peer.pid);
    return stream;
  } catch (err) {
    stream.close();
    // A process that ends has no command line from early on, and is a zombie only later.
    const ended = ((err as FlowIpcError).cause as FlowIpcError)?.errno === ESRCH;
    if (!ended && processRunning(Number(pid))) throw err;
    throw notRunning(server, pid, 'which died just now', err);
  }
}

function connectToListener(server: ServerApp, pid: string, loop: EventLoop): NativeSocketStream {
  try {
    return NativeSocketStream.connect(listenerName(server, pid), { loop });
  } catch (err) {
    const { errno } = err as FlowIpcError;
    if (errno === EAGAIN) {
      throw new FlowIpcError(
        SessionError.SERVER_BUSY,
        `Server '${server.name}' has more connections waiting than it takes`,
        { cause: err },
      );
    }
    if (errno !== ECONNREFUSED) throw err;
    const alive = processRunning(Number(pid)) ? 'which runs but does not listen' : 'which is gone';
    throw notRunning(server, pid, alive, err);
  }
}

const notRunning = (server: ServerApp, pid: string, state: string, cause: unknown): FlowIpcError =>
  new FlowIpcError(
    SessionError.SERVER_NOT_RUNNING,
    `No server '${server.name}' is running: the last one was process ${pid}, ${state}. Start it and try again`,
    { cause },
  );

/** The connection ended before the answer: the server died, or refuses without a word as C++ servers do. */
export function whyClosed(
  err: FlowIpcError,
  client: ClientApp,
  server: ServerApp,
  pid: string,
): FlowIpcError {
  if (!processRunning(Number(pid))) {
    return notRunning(server, pid, 'which died during the log-in', err);
  }
  return guessedRefusal(err, client, guessWhy(client));
}

function guessWhy(client: ClientApp): string {
  const own = ownProcessCredentials();
  const argv0 = processInvokedAs(own.pid);
  if (argv0 !== client.execPath) {
    return `: this process was started as '${argv0}', but client app '${client.name}' has execPath '${client.execPath}'`;
  }
  if (own.uid !== client.uid || own.gid !== client.gid) {
    return `: this process runs as ${own.uid}:${own.gid}, but client app '${client.name}' as ${client.uid}:${client.gid}`;
  }
  return '';
}
