/**
 * Flow-IPC's sessions in the sync_io pattern: for threads with a poll loop of their own.
 * @module
 */
export { ClientSession, type ConnectOptions } from './client-session.js';
export type { Handler } from './now-or-later.js';
export { ServerSession } from './server-session.js';
export { type OpenChannelOptions, Session, type SessionHandlers } from './session.js';
export { type AcceptOptions, SessionServer } from './session-server.js';
