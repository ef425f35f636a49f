// What sessions publish through node:diagnostics_channel, when somebody listens (documented in docs/sessions.md).
import { channel } from 'node:diagnostics_channel';
import type { FlowIpcError } from '@flow-ipc/core';
import type { SessionScope } from './session-memory.js';

/** Which side of a session an event is of. */
export type Role = 'client' | 'server';

/** The steps of a client's connect(), in order; then the session is open. */
export type ClientStep = 'found' | 'connected' | 'asked' | 'answered' | 'channels-received' | 'memory-open';
/** The steps of a server's start and of each log-in, in order. */
export type ServerStep =
  | 'listening'
  | 'announced'
  | 'accepted'
  | 'asked'
  | 'checked'
  | 'memory-open'
  | 'answered'
  | 'channels-sent';

/** Payload of each event, by its name. */
export interface SessionEvents {
  /** A server listens and can be found. */
  'flow-ipc:session:server-start': { server: string; pid: number };
  /** Log-in done on this side. */
  'flow-ipc:session:open': { role: Role; scope: SessionScope; peerPid: number };
  /** The server refused a client or lost it during its log-in. */
  'flow-ipc:session:refused': { server: string; peerPid: number; error: FlowIpcError };
  /** A channel was opened, by this side or the other. */
  'flow-ipc:session:channel': { role: Role; scope: SessionScope; active: boolean };
  /** openChannel() of this side failed, or the other side's was refused by us. The session goes on. */
  'flow-ipc:session:channel-failed': {
    role: Role;
    scope: SessionScope;
    active: boolean;
    error: FlowIpcError;
  };
  /** The session ended: `error` tells why, or is undefined after our own close(). */
  'flow-ipc:session:close': { role: Role; scope: SessionScope; error: FlowIpcError | undefined };
  /** A step of opening a session was taken, before the next one is. */
  'flow-ipc:session:step': { role: Role; step: ClientStep | ServerStep };
  /** Names of dead owners removed from the kernel. */
  'flow-ipc:session:sweep': { server: string; removed: readonly string[] };
}

type Channel = ReturnType<typeof channel>;

const channels = new Map<string, Channel>();

/** Makes the payload only if somebody listens. */
export function publish<K extends keyof SessionEvents>(name: K, payload: () => SessionEvents[K]): void {
  let target = channels.get(name);
  if (!target) {
    target = channel(name);
    channels.set(name, target);
  }
  if (target.hasSubscribers) target.publish(payload());
}

export const publishStep = (role: Role, step: ClientStep | ServerStep): void =>
  publish('flow-ipc:session:step', () => ({ role, step }));
