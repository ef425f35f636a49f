// Codes of shared memory: one for each thing that a pool can say.
import { getSystemErrorName } from 'node:util';
import { FlowIpcError } from '@flow-ipc/core';

export const ShmError = {
  /** The pool has no block of that size left: release messages, or make the pool larger. Nothing was changed. */
  OUT_OF_MEMORY: 'ERR_FLOW_IPC_SHM_OUT_OF_MEMORY',
  /** The pool has room but its file system (/dev/shm) has not. Nothing was changed. */
  NO_SPACE: 'ERR_FLOW_IPC_SHM_NO_SPACE',
  /** A process died while it held the pool's lock: the pool allocates no more; what is in it can be read. */
  OWNER_DIED: 'ERR_FLOW_IPC_SHM_OWNER_DIED',
  /** The pool's lock could not be had within a second. */
  LOCK_TIMEOUT: 'ERR_FLOW_IPC_SHM_LOCK_TIMEOUT',
  /** The pool was closed by this side, with its session. */
  CLOSED: 'ERR_FLOW_IPC_SHM_CLOSED',
  /** A handle or object that came from the peer is not one that the pool could hold. */
  BAD_HANDLE: 'ERR_FLOW_IPC_SHM_BAD_HANDLE',
  /** What lies in shared memory is not of the form that its type says: a peer wrote nonsense, or wrote meanwhile. */
  CORRUPTED: 'ERR_FLOW_IPC_SHM_CORRUPTED',
  /** The object, or the element of it, was released, removed or moved: what refers to it is dead. */
  RELEASED: 'ERR_FLOW_IPC_SHM_RELEASED',
  /** The memory may only be read here: it belongs to another process. */
  READ_ONLY: 'ERR_FLOW_IPC_SHM_READ_ONLY',
  /** Blocking for a mutex that this very thread holds. */
  DEADLOCK: 'ERR_FLOW_IPC_SHM_DEADLOCK',
} as const;

const BY_ERRNO: Record<number, string> = {
  12: ShmError.OUT_OF_MEMORY,
  28: ShmError.NO_SPACE,
  74: ShmError.CORRUPTED,
  130: ShmError.OWNER_DIED,
  131: ShmError.OWNER_DIED,
  110: ShmError.LOCK_TIMEOUT,
  9: ShmError.CLOSED,
  30: ShmError.READ_ONLY,
};

/** Throws for a mutator where memory may only be read. */
export function readOnly(what: string): FlowIpcError {
  return new FlowIpcError(ShmError.READ_ONLY, `${what}: this process may only read that memory`);
}

export function closed(arenaName: string): FlowIpcError {
  return new FlowIpcError(ShmError.CLOSED, `The arena ${arenaName} was closed`);
}

export function released(what: string): FlowIpcError {
  return new FlowIpcError(ShmError.RELEASED, `${what} was released, or removed from what held it`);
}

/** What a negative result of the addon's pool calls means. */
export function poolError(code: number, what: string, poolName: string): FlowIpcError {
  const errno = code > 0 ? -code : code;
  const stable = BY_ERRNO[-errno] ?? ShmError.BAD_HANDLE;
  return new FlowIpcError(stable, `${what} in pool ${poolName}: ${getSystemErrorName(errno)}`, {
    errno,
    syscall: 'shm',
  });
}
