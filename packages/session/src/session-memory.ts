// Where providers of shared memory plug in: the session layer knows that there may be one, and nothing about it.
import type { FlowIpcError, PermissionsLevel } from '@flow-ipc/core';
import type { Serialization } from '@flow-ipc/structured';
import { heapSerialization } from '@flow-ipc/structured';
import type { ServerApp } from './app.js';
import type { Role } from './diagnostics.js';
import { ShmType } from './generated/common.capnp.js';
import type { MasterChannel } from './master-channel.js';

/** All that names of a session's kernel objects are made of. */
export interface SessionScope {
  readonly serverApp: string;
  readonly serverNamespace: string;
  readonly clientApp: string;
  readonly clientNamespace: string;
  readonly permissionsLevel: PermissionsLevel;
}

/** What memory may use of its session. */
export interface SessionLink {
  readonly role: Role;
  /** Logged in, its initial channels opened. Memory may exchange the schema's messages about memory over it. */
  readonly master: MasterChannel;
  /** Ends the session, for a reason that lies in its memory. */
  fail(error: FlowIpcError): void;
}

/** The memory of one session, on one side. */
export interface SessionMemory {
  /** What session.structured() uses. */
  readonly serialization: Serialization;
  /** After the log-in: what the memories of both sides have to settle between them before the session is used. */
  setUp?(link: SessionLink): Promise<void>;
  /** This side closes the session in good order: what the peer must hear of it before the master channel closes. */
  finish?(): Promise<void>;
  /** The session is over. */
  close(): void;
}

export interface ServerMemoryProvider<M extends SessionMemory = SessionMemory> {
  /** As in the log-in request; both sides must agree. */
  readonly shmType: ShmType;
  /** Bytes of the longest message of the queues, where sessions use any. */
  readonly queueMessageSize: number;
  /** The server starts: remove what dead processes of the app left behind. The names that went. */
  sweep(app: ServerApp): readonly string[];
  /** A client passed all checks: make what the session needs, before the client is answered. */
  open(scope: SessionScope): M;
  /** The server ends. */
  close(): void;
}

export interface ClientMemoryProvider<M extends SessionMemory = SessionMemory> {
  readonly shmType: ShmType;
  /** The log-in was answered: open what the server made. */
  open(scope: SessionScope): M;
}

const heapMemory: SessionMemory = { serialization: heapSerialization, close: () => {} };

/** Sessions without shared memory. */
export const heapProvider: ServerMemoryProvider & ClientMemoryProvider = {
  shmType: ShmType.none,
  queueMessageSize: 8192,
  sweep: () => [],
  open: () => heapMemory,
  close: () => {},
};
