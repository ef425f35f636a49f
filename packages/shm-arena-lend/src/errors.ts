// Codes of lending: the C++ ones (feature 216), then ours; and what the addon's negative results mean.
import { getSystemErrorName } from 'node:util';
import { FlowIpcError, systemError } from '@flow-ipc/core';
import { ShmError } from '@flow-ipc/shm';

export const LendError = {
  /** The session has no memory: this side's arena could not be made. */
  ARENA_CREATION_FAILED: 'ERR_FLOW_IPC_SHM_ARENA_CREATION_FAILED',
  /** The peer did not take an arena: it refused, or did not answer. */
  ARENA_LEND_FAILED: 'ERR_FLOW_IPC_SHM_ARENA_LEND_FAILED',
  /** Setting the session's memory up failed: the client did not answer, or sent or got no lend channel. */
  SET_UP_FAILED: 'ERR_FLOW_IPC_SERVER_MASTER_SHM_UNEXPECTED_TRANSPORT_ERROR',
  /** Ours: the lend channel is gone, so nothing can be lent or borrowed any more. What was borrowed stays readable. */
  DISCONNECTED: 'ERR_FLOW_IPC_SHM_LEND_DISCONNECTED',
  /** Ours: the object does not lie in an arena that this peer was lent. Borrowed objects cannot be lent on. */
  NOT_LENT: 'ERR_FLOW_IPC_SHM_NOT_LENT',
  /** Ours: the peer could not take the pool that the object lies in (its log has the reason): out of descriptors, … */
  POOL_REFUSED: 'ERR_FLOW_IPC_SHM_POOL_REFUSED',
  /** Ours: the peer said something on the lend channel that makes no sense. The session is over. */
  MISUSED: 'ERR_FLOW_IPC_SHM_LEND_MISUSED',
  /** Ours, a warning: the peer did not end its half of the session in time; it was closed all the same. */
  FINISH_TIMEOUT: 'ERR_FLOW_IPC_SHM_FINISH_TIMEOUT',
} as const;

const BY_ERRNO: Record<number, string> = {
  9: ShmError.CLOSED,
  12: ShmError.OUT_OF_MEMORY,
  22: ShmError.BAD_HANDLE,
  28: ShmError.NO_SPACE,
};

/** What a negative result of an own arena means. */
export function arenaError(code: number, what: string, arena: string): FlowIpcError {
  const stable = BY_ERRNO[-code];
  if (stable === undefined) return systemError('shm_open', code, `${what} in arena ${arena}`);
  return new FlowIpcError(stable, `${what} in arena ${arena}: ${getSystemErrorName(code)}`, {
    errno: code,
    syscall: 'shm',
  });
}

/** A handle, or what it led to, that the peer could not have lent. */
export function badHandle(what: string, cause?: unknown): FlowIpcError {
  return new FlowIpcError(ShmError.BAD_HANDLE, what, { cause });
}

/** What a peer wrote into its memory is not what it should be. */
export function corrupted(what: string): FlowIpcError {
  return new FlowIpcError(ShmError.CORRUPTED, `Malformed object in shared memory: ${what}`);
}
