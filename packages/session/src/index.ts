/**
 * Flow-IPC's sessions: two processes that know each other, with channels on demand.
 * Without shared memory; `@flow-ipc/shm` offers the same classes with it.
 * @module
 */
export { type App, type ClientApp, cnsPath, type ServerApp } from './app.js';
export type { ChannelConfigOptions } from './channel-config.js';
export {
  ClientSession,
  type ClientSessionParts,
  type ConnectOptions,
  connectSession,
} from './client-session.js';
export { guardName } from './cns.js';
export type { ClientStep, Role, ServerStep, SessionEvents } from './diagnostics.js';
export { SessionError } from './errors.js';
export { ShmType } from './generated/common.capnp.js';
export type { RetryOptions } from './retry.js';
export { ServerSession, type ServerSessionParts } from './server-session.js';
export {
  type LivenessOptions,
  type OpenChannelOptions,
  Session,
  type SessionCounters,
  type SessionHandlers,
  type SessionParts,
  type SessionPeer,
} from './session.js';
export type {
  ClientMemoryProvider,
  ServerMemoryProvider,
  SessionLink,
  SessionMemory,
  SessionScope,
} from './session-memory.js';
export {
  type AcceptOptions,
  SessionServer,
  type SessionServerOptions,
  type SessionsOptions,
} from './session-server.js';
export { type AppDescription, Universe, type UniverseDescription } from './universe.js';
