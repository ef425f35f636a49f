// What a descriptor is, by what the kernel says: the kind of file and, of a socket, its family, type and state.
import { fstatSync } from 'node:fs';
import { socketInfo } from '@flow-ipc/native';
import { FlowIpcError, fromNative, HandleError } from './errors.js';

/** 'other' is what is no file at all: an eventfd, timerfd, epoll set or pidfd. A POSIX queue or memfd is a 'file'. */
export type DescriptorKind =
  | 'file'
  | 'directory'
  | 'pipe'
  | 'character-device'
  | 'block-device'
  | 'socket'
  | 'other';

export interface SocketDescription {
  family: 'unix' | 'ipv4' | 'ipv6' | 'other';
  type: 'stream' | 'datagram' | 'seqpacket' | 'other';
  /** It accepts connections. */
  listening: boolean;
  /** It has a peer: always false of a listening one, and of a connection once the peer has reset it. */
  connected: boolean;
}

export interface DescriptorInfo {
  kind: DescriptorKind;
  /** There when `kind` is 'socket'. */
  socket?: SocketDescription;
}

const FAMILIES: Record<number, SocketDescription['family']> = { 1: 'unix', 2: 'ipv4', 10: 'ipv6' };
const TYPES: Record<number, SocketDescription['type']> = { 1: 'stream', 2: 'datagram', 5: 'seqpacket' };

/** Asks the kernel; FlowIpcError SYSTEM (EBADF) when the descriptor is not open. */
export function describeDescriptor(fd: number): DescriptorInfo {
  try {
    const kind = kindOf(fd);
    if (kind !== 'socket') return { kind };
    const { domain, type, listening, connected } = socketInfo(fd);
    const family = FAMILIES[domain] ?? 'other';
    return { kind, socket: { family, type: TYPES[type] ?? 'other', listening, connected } };
  } catch (err) {
    throw fromNative(err, 'Cannot tell what the descriptor is');
  }
}

function kindOf(fd: number): DescriptorKind {
  const stats = fstatSync(fd);
  if (stats.isFile()) return 'file';
  if (stats.isSocket()) return 'socket';
  if (stats.isFIFO()) return 'pipe';
  if (stats.isDirectory()) return 'directory';
  if (stats.isCharacterDevice()) return 'character-device';
  return stats.isBlockDevice() ? 'block-device' : 'other';
}

/** Throws HANDLE_WRONG_KIND: the descriptor is not what a conversion takes. */
export function wrongKind({ kind, socket }: DescriptorInfo, wanted: string): never {
  const state = socket?.listening ? 'listening ' : socket?.connected ? 'connected ' : '';
  const found = socket ? `a ${state}${socket.family} ${socket.type} socket` : `of kind '${kind}'`;
  throw new FlowIpcError(HandleError.WRONG_KIND, `The descriptor is ${found}; this takes ${wanted}`);
}
