// Finding and taking the descriptors of Node's own objects.
//
// Node has no public way to a socket's descriptor. What it has is `_handle.fd` of net.Socket and net.Server, relied
// upon by enough packages to have stayed since Node 0.10, and of a dgram.Socket the same behind a symbol. Where none
// is found, the answer is an error and never a wrong descriptor. Tried on Node 20, 22, 24 and 26.

import cluster from 'node:cluster';
import { Socket as DatagramSocket } from 'node:dgram';
import { renameSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { Server, Socket } from 'node:net';
import { FlowIpcError, fromNative, HandleError } from './errors.js';

/** Node's objects that have a descriptor, and a plain descriptor. http.Server and the like are net.Servers. */
export type DescriptorSource = Socket | Server | DatagramSocket | FileHandle | number;

/** Connections that may wait: what listen() of Node takes. */
const BACKLOG = 511;

/** What libuv's handles have. */
interface WithFd {
  fd?: number;
  writeQueueSize?: number;
}

const closed = (what: string) =>
  new FlowIpcError(HandleError.CLOSED, `The ${what} has no descriptor: it is closed, or not open yet`);
const busy = (why: string) => new FlowIpcError(HandleError.BUSY, why);

/** The descriptor, still the source's. HANDLE_CLOSED when there is none now; HANDLE_WRONG_KIND for TLS. */
export function descriptorOf(source: DescriptorSource): number {
  if (typeof source === 'number') return source;
  if (source instanceof Socket && 'encrypted' in source) {
    throw new FlowIpcError(
      HandleError.WRONG_KIND,
      'The state of a TLS connection is in this process: its descriptor is of no use to another one',
    );
  }
  const fd = handleOf(source)?.fd;
  if (fd === undefined && isFile(source)) throw new TypeError('Not an object of Node.js with a descriptor');
  if (fd === undefined || fd < 0) throw closed(nameOf(source));
  return fd;
}

/** The only one of Node's objects with a descriptor that is no class for us to ask for. */
export function isFile(source: Exclude<DescriptorSource, number>): source is FileHandle {
  return !(source instanceof Socket || source instanceof Server || source instanceof DatagramSocket);
}

function handleOf(source: Socket | Server | DatagramSocket | FileHandle): WithFd | null | undefined {
  if (source instanceof Socket || source instanceof Server) {
    return (source as unknown as { _handle: WithFd | null })._handle;
  }
  if (source instanceof DatagramSocket) {
    const state = Object.getOwnPropertySymbols(source).find((key) => key.description === 'state symbol');
    return state && (source as unknown as Record<symbol, { handle: WithFd | null }>)[state]?.handle;
  }
  return source;
}

function nameOf(source: DescriptorSource): string {
  if (source instanceof Socket) return 'socket';
  if (source instanceof Server) return 'server';
  return source instanceof DatagramSocket ? 'datagram socket' : 'file';
}

/**
 * Throws HANDLE_BUSY when the source holds something that would be lost with it, because it is not in the kernel:
 * bytes that were read and not consumed, bytes or datagrams not written yet, a connection in the making.
 */
export function checkIdle(source: Socket | Server | DatagramSocket): void {
  if (source instanceof Socket) {
    if (source.connecting) throw busy('The socket is still connecting');
    if (source.readableLength > 0) {
      throw busy(`The socket has ${source.readableLength} bytes that were received and not read`);
    }
    if (source.writableLength > 0 || (handleOf(source)?.writeQueueSize ?? 0) > 0) {
      throw busy('The socket has bytes that are not sent yet');
    }
  } else if (source instanceof DatagramSocket && source.getSendQueueCount() > 0) {
    throw busy('The socket has datagrams that are not sent yet');
  }
}

/** Closes the source now, in a way that does nothing to other descriptors of the same socket. */
export function abandon(source: Socket | Server | DatagramSocket): void {
  if (source instanceof Socket) {
    source.destroy(); // no shutdown(2): that would end the connection for everybody
    return;
  }
  const address = source instanceof Server ? source.address() : null;
  // Node removes the file of a listening Unix socket as it closes it, and new clients would not find it any more.
  if (typeof address === 'string' && !address.startsWith('\0')) keepFile(address, () => source.close());
  else source.close();
}

/** What listen() does after it has sorted out its arguments. */
interface Listen2 {
  _listen2(address: null, port: null, family: null, backlog: number, fd: number): void;
}

/** Makes the server listen on the descriptor, which is the server's from here on; 'listening' comes later. */
export function listenOn(server: Server, fd: number): void {
  if (!cluster.isWorker || server.listening) {
    server.listen({ fd });
    return;
  }
  // In a worker of node:cluster listen() asks the primary process, which has another file by that number, or none.
  (server as unknown as Listen2)._listen2(null, null, null, BACKLOG, fd);
}

function keepFile(path: string, close: () => void): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (err) {
    throw fromNative(err, `Cannot keep the socket's file ${path}`);
  }
  close();
  renameSync(aside, path);
}
