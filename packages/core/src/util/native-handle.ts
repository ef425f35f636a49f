// Native_handle: one descriptor, owned (feature 11, with ownership made explicit), and its way to and from Node's objects.
import { createSocket, type Socket as DatagramSocket, type SocketOptions } from 'node:dgram';
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { createServer, type Server, Socket, type SocketConstructorOpts } from 'node:net';
import { inspect } from 'node:util';
import { closeFd, disownFd, dupFd, fdFlags, ownFd, replaceFd, setNonBlocking } from '@flow-ipc/native';
import { type DescriptorInfo, describeDescriptor, wrongKind } from './descriptor-info.js';
import { FlowIpcError, fromNative, HandleError } from './errors.js';
import { logger } from './log.js';
import {
  abandon,
  checkIdle,
  type DescriptorSource,
  descriptorOf,
  isFile,
  listenOn,
} from './node-descriptors.js';

const O_NONBLOCK = 0o4000;
const O_WRONLY = 1;
const O_ACCMODE = 3;

/**
 * Owns one file descriptor and closes it on close()/dispose, exactly once. Unlike the C++ type, which only
 * carries the number, so that a descriptor in a dropped message is never leaked.
 *
 * Always close, release or convert a handle: `using` is the easy way. One that is forgotten is closed when it is
 * collected, with a warning (the first time), or when its worker ends. So never close {@link fd} by another way
 * without release(): by then the number may be another file's.
 *
 * Converting to an object of Node's hands the descriptor over to it: the handle is closed from then on. When a
 * conversion throws, the handle still has its descriptor.
 */
export class NativeHandle implements Disposable {
  #fd: number;

  /** Takes ownership of `fd`, which must be open. Not taken when this throws. */
  constructor(fd: number) {
    if (!Number.isInteger(fd) || fd < 0) throw new RangeError(`Not a file descriptor: ${fd}`);
    try {
      ownFd(fd);
    } catch (err) {
      throw fromNative(err, 'Cannot own the descriptor');
    }
    this.#fd = fd;
    forgotten.register(this, fd, this);
  }

  /**
   * A descriptor of one's own for what `source` has open; the source keeps its own and goes on as it is. Both then
   * read from the same socket or file: what one reads the other does not see.
   */
  static dupOf(source: DescriptorSource): NativeHandle {
    return duplicate(descriptorOf(source));
  }

  /**
   * Takes the descriptor out of a socket, server or file, which is closed in this process: a socket is destroyed
   * without a word to its peer, a server stops listening (connections it has accepted go on), a file is closed.
   * What waits in the kernel (bytes, connections, datagrams) goes along; when there is something that does not, this
   * throws HANDLE_BUSY and nothing has changed. So take an accepted socket before anything reads from it:
   * `createServer({ pauseOnConnect: true })`. Sockets that an http.Server reads from are not for taking.
   */
  static take(source: Socket | Server | DatagramSocket): NativeHandle;
  static take(source: FileHandle): Promise<NativeHandle>;
  static take(source: Exclude<DescriptorSource, number>): NativeHandle | Promise<NativeHandle> {
    const handle = NativeHandle.dupOf(source);
    try {
      if (isFile(source)) return closeAndGive(source, handle);
      checkIdle(source);
      abandon(source);
      return handle;
    } catch (err) {
      handle.close();
      throw err;
    }
  }

  /** The descriptor, still owned by this object; -1 once closed or released. */
  get fd(): number {
    return this.#fd;
  }

  /** {@link fd} for those who are about to use it: HANDLE_CLOSED when there is none. */
  requireFd(): number {
    if (this.#fd < 0) throw new FlowIpcError(HandleError.CLOSED, 'The handle is closed');
    return this.#fd;
  }

  /** True once closed, released or converted. */
  get closed(): boolean {
    return this.#fd < 0;
  }

  /** Hands the descriptor over to the caller, who must close it. -1 if there is none. */
  release(): number {
    const fd = this.#fd;
    if (fd < 0) return fd;
    this.#fd = -1;
    disownFd(fd);
    forgotten.unregister(this);
    return fd;
  }

  /** A second descriptor for the same open file. */
  dup(): NativeHandle {
    return duplicate(this.requireFd());
  }

  /** Idempotent. */
  close(): void {
    const fd = this.release();
    if (fd >= 0) closeFd(fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** What the descriptor is: kind of file, and of a socket its family, type and state. */
  info(): DescriptorInfo {
    return describeDescriptor(this.requireFd());
  }

  /**
   * Whether calls on it return at once instead of waiting (O_NONBLOCK). The flag belongs to the open file: it is the
   * same for every descriptor of it, in other processes too. toSocket(), toServer() and toDatagramSocket() set it
   * because Node's loop needs it, toFileHandle() clears it because the threads that read files do. For a descriptor
   * that goes to a program which expects to block (as its standard input), clear it.
   */
  get nonBlocking(): boolean {
    return (flagsOf(this.requireFd()) & O_NONBLOCK) !== 0;
  }

  set nonBlocking(on: boolean) {
    const fd = this.requireFd();
    try {
      setNonBlocking(fd, on);
    } catch (err) {
      throw fromNative(err, 'Cannot set the blocking mode');
    }
  }

  /**
   * A net.Socket on this stream socket (Unix, TCP) or pipe, which owns the descriptor from here on. Of a pipe only
   * the open end works: reading or writing. HANDLE_WRONG_KIND for anything else, a listening socket included.
   */
  toSocket(options: Omit<SocketConstructorOpts, 'fd' | 'readable' | 'writable'> = {}): Socket {
    const fd = this.requireFd();
    const info = describeDescriptor(fd);
    const { kind, socket } = info;
    const stream = isStream(info) && !socket!.listening;
    if (!stream && kind !== 'pipe') wrongKind(info, 'a stream socket that does not listen, or a pipe');
    const mode = stream ? undefined : flagsOf(fd) & O_ACCMODE;
    const made = new Socket({ ...options, fd, readable: mode !== O_WRONLY, writable: mode !== 0 });
    this.release();
    return made;
  }

  /**
   * Makes `server` (a new net.Server unless given; an http.Server as well) accept from this listening stream socket,
   * which it owns from here on. Settles once it listens. HANDLE_WRONG_KIND when it is not a listening socket.
   */
  async toServer<S extends Server = Server>(server: S = createServer() as S): Promise<S> {
    const fd = this.requireFd();
    const info = describeDescriptor(fd);
    if (!isStream(info) || !info.socket!.listening) wrongKind(info, 'a listening stream socket');
    listenOn(server, fd);
    this.release();
    await once(server, 'listening');
    return server;
  }

  /**
   * A dgram.Socket on this UDP socket, which owns the descriptor from here on; it is bound and receives already.
   * HANDLE_WRONG_KIND when it is no UDP socket, or a connected one: Node cannot send on those.
   */
  toDatagramSocket(options: Omit<SocketOptions, 'type'> = {}): DatagramSocket {
    const fd = this.requireFd();
    const info = describeDescriptor(fd);
    const { type, family, connected } = info.socket ?? {};
    const udp = type === 'datagram' && (family === 'ipv4' || family === 'ipv6');
    if (!udp || connected) wrongKind(info, 'a UDP socket that is not connected');
    const made = createSocket({ ...options, type: family === 'ipv6' ? 'udp6' : 'udp4' });
    try {
      made.bind({ fd, exclusive: true });
    } catch (err) {
      made.close();
      throw err;
    }
    this.release();
    return made;
  }

  /**
   * An fs.promises FileHandle on this file, directory, pipe or device, which owns the descriptor from here on. It is
   * the same open file: position, access mode and locks are those of the sender. HANDLE_WRONG_KIND for a socket.
   */
  async toFileHandle(): Promise<FileHandle> {
    const info = describeDescriptor(this.requireFd());
    if (info.kind === 'socket') wrongKind(info, 'a file, directory, pipe or device');
    // Node makes a FileHandle of a path only. Ours takes the place of the file that it has opened.
    const file = await open('/dev/null');
    try {
      this.nonBlocking = false;
      replaceFd(this.requireFd(), file.fd);
    } catch (err) {
      await file.close();
      throw fromNative(err, 'Cannot make a FileHandle');
    }
    this.close();
    return file;
  }

  [inspect.custom](): string {
    return `NativeHandle { fd: ${this.#fd} }`;
  }
}

const isStream = ({ socket }: DescriptorInfo): boolean =>
  socket?.type === 'stream' && socket.family !== 'other';

function duplicate(fd: number): NativeHandle {
  try {
    return new NativeHandle(dupFd(fd));
  } catch (err) {
    throw fromNative(err, 'Cannot duplicate the descriptor');
  }
}

function flagsOf(fd: number): number {
  try {
    return fdFlags(fd);
  } catch (err) {
    throw fromNative(err, 'Cannot read the flags of the descriptor');
  }
}

async function closeAndGive(file: FileHandle, handle: NativeHandle): Promise<NativeHandle> {
  try {
    await file.close();
    return handle;
  } catch (err) {
    handle.close();
    throw err;
  }
}

let warned = false;

/** Handles that were collected while they had a descriptor: it is closed here, and once somebody is told. */
const forgotten = new FinalizationRegistry<number>((fd) => {
  logger('util')('closing descriptor %d of a handle that was collected', fd);
  disownFd(fd);
  closeFd(fd);
  if (warned) return;
  warned = true;
  process.emitWarning('A NativeHandle was collected that had not been closed or released', {
    type: 'FlowIpcWarning',
    code: 'FLOW_IPC_HANDLE_COLLECTED',
    detail: `Its descriptor (${fd}) has been closed. Close handles when they are no longer needed.`,
  });
});
