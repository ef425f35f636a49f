/**
 * Flow-IPC's SHM-classic: sessions whose messages are built in shared memory and read there, without a copy.
 * Same classes as `@flow-ipc/session`.
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
  type SessionsOptions,
} from '@flow-ipc/session';
export { ClassicMemory } from './classic-memory.js';
export { ShmError } from './errors.js';
export { ShmTopSerialization } from './generated/serialization.capnp.js';
export { DEFAULT_POOL_SIZE_MI, PoolArena } from './pool-arena.js';
export { ClientSession, ServerSession, SessionServer, type SessionServerOptions } from './sessions.js';
