/**
 * Flow-IPC's SHM-jemalloc: each side of a session allocates from arenas of its own and lends what it makes; the other
 * side reads it in place and can harm nothing. Same classes as `@flow-ipc/session` and `@flow-ipc/shm`.
 * @module
 */
export {
  type AcceptOptions,
  type App,
  type ClientApp,
  type ConnectOptions,
  type OpenChannelOptions,
  type ServerApp,
  SessionError,
  type SessionHandlers,
  type SessionServerOptions,
  type SessionsOptions,
} from '@flow-ipc/session';
export { ArenaMemory } from './arena-memory.js';
export { LendError } from './errors.js';
export { IpcArena, type IpcArenaOptions } from './ipc-arena.js';
export { LendSerialization } from './lend-serialization.js';
export { LendSession, type LendSessionOptions } from './lend-session.js';
export { ClientSession, ServerSession, SessionServer } from './sessions.js';
