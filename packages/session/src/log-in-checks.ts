// What a server checks before it answers a log-in, in the order of feature 154.
import {
  FlowIpcError,
  negotiate,
  type ProcessCredentials,
  processInvokedAs,
  sameCredentials,
} from '@flow-ipc/core';
import type { ClientApp, ServerApp } from './app.js';
import { SessionError } from './errors.js';
import { MqType } from './generated/common.capnp.js';
import type { LogInReq } from './generated/session-master-channel.capnp.js';

export interface LogInRules {
  server: ServerApp;
  clients: readonly ClientApp[];
  shmType: number;
  handles: boolean;
  maxClientChannels: number;
}

/** The client's app, or the FlowIpcError with which its log-in is refused. `peer` is the kernel's word. */
export function checkLogIn(request: LogInReq.Reader, peer: ProcessCredentials, rules: LogInRules): ClientApp {
  negotiate(request.protocolNegotiationToServer.maxProtoVer, 'Session');
  negotiate(request.protocolNegotiationToServer.maxProtoVerAux, 'Session, shared memory');
  checkConfig(request, rules);
  if (request.numInitChannelsByCliReqNumber > rules.maxClientChannels) {
    throw new FlowIpcError(
      SessionError.INVALID_ARGUMENT,
      `The client asks for ${request.numInitChannelsByCliReqNumber} channels, accept() allows ${rules.maxClientChannels}`,
    );
  }
  const { name } = request.ownApp;
  const app = rules.clients.find((client) => client.name === name);
  if (!app || !rules.server.allowedClients.includes(name)) {
    const why = app ? 'is not among the allowedClients' : 'is not known';
    throw new FlowIpcError(SessionError.CLIENT_APP_DISALLOWED, `Client app ${JSON.stringify(name)} ${why}`);
  }
  const claimed = request.claimedOwnProcessCredentials;
  checkIdentity({ pid: claimed.processId, uid: claimed.userId, gid: claimed.groupId }, peer, app);
  return app;
}

function checkConfig(request: LogInReq.Reader, rules: LogInRules): void {
  const mismatch = (what: string, theirs: unknown, ours: unknown) =>
    new FlowIpcError(SessionError.CONFIG_MISMATCH, `${what}: the client has ${theirs}, we have ${ours}`);
  const handles = request.nativeHandleTransmissionEnabled;
  if (request.shmTypeOrNone !== rules.shmType)
    throw mismatch('Kind of shared memory', request.shmTypeOrNone, rules.shmType);
  if (request.mqTypeOrNone !== MqType.none)
    throw mismatch('Kind of message queue', request.mqTypeOrNone, MqType.none);
  if (handles !== rules.handles) throw mismatch('Passing descriptors', handles, rules.handles);
}

function checkIdentity(claimed: ProcessCredentials, peer: ProcessCredentials, app: ClientApp): void {
  const wrong = (what: string, cause?: unknown) =>
    new FlowIpcError(SessionError.CLIENT_APP_INCONSISTENT_CREDS, `Client app '${app.name}': ${what}`, {
      cause,
    });
  if (!sameCredentials(claimed, peer)) {
    throw wrong(`it claims to be ${show(claimed)}, the kernel says ${show(peer)}`);
  }
  let argv0: string;
  try {
    argv0 = processInvokedAs(peer.pid);
  } catch (err) {
    throw wrong(`process ${peer.pid} cannot be looked at`, err);
  }
  if (argv0 !== app.execPath) throw wrong(`it was invoked as '${argv0}', not as '${app.execPath}'`);
  if (peer.uid !== app.uid || peer.gid !== app.gid) {
    throw wrong(`it runs as ${peer.uid}:${peer.gid}, not as ${app.uid}:${app.gid}`);
  }
}

const show = (c: ProcessCredentials): string => `process ${c.pid} of ${c.uid}:${c.gid}`;
