// What a server checks before it answers a log-in, in the order of feature 154.
import { FlowIpcError, negotiate, type ProcessCredentials, sameCredentials } from '@flow-ipc/core';
import type { ClientApp, ServerApp } from './app.js';
import { type ChannelConfig, mqTypeOf } from './channel-config.js';
import { SessionError } from './errors.js';
import type { LogInReq } from './generated/session-master-channel.capnp.js';
import { checkIdentity } from './identity.js';

export interface LogInRules {
  server: ServerApp;
  clients: readonly ClientApp[];
  shmType: number;
  config: ChannelConfig;
  maxClientChannels: number;
}

/** The client's app, or the FlowIpcError with which its log-in is refused. `peer` is the kernel's word. */
export function checkLogIn(request: LogInReq.Reader, peer: ProcessCredentials, rules: LogInRules): ClientApp {
  negotiate(request.protocolNegotiationToServer.maxProtoVer, 'Session');
  negotiate(request.protocolNegotiationToServer.maxProtoVerAux, 'Session, shared memory');
  checkConfig(request, rules);
  // As a bigint: whatever the client sends is to get its code.
  if (request.numInitChannelsByCliReq > BigInt(rules.maxClientChannels)) {
    throw new FlowIpcError(
      SessionError.INVALID_ARGUMENT,
      `The client asks for ${request.numInitChannelsByCliReq} channels, accept() allows ${rules.maxClientChannels}`,
    );
  }
  const { name } = request.ownApp;
  const app = rules.clients.find((client) => client.name === name);
  if (!app || !rules.server.allowedClients.includes(name)) {
    const why = app ? 'is not among the allowedClients' : 'is not known';
    throw new FlowIpcError(SessionError.CLIENT_APP_DISALLOWED, `Client app ${JSON.stringify(name)} ${why}`);
  }
  checkClaim(request, peer);
  checkIdentity(peer, app, SessionError.CLIENT_APP_INCONSISTENT_CREDS, process.pid);
  return app;
}

function checkConfig(request: LogInReq.Reader, rules: LogInRules): void {
  const mismatch = (what: string, theirs: unknown, ours: unknown) =>
    new FlowIpcError(SessionError.CONFIG_MISMATCH, `${what}: the client has ${theirs}, we have ${ours}`);
  const handles = request.nativeHandleTransmissionEnabled;
  if (request.shmTypeOrNone !== rules.shmType)
    throw mismatch('Kind of shared memory', request.shmTypeOrNone, rules.shmType);
  const { config } = rules;
  if (request.mqTypeOrNone !== mqTypeOf(config))
    throw mismatch('Kind of message queue', request.mqTypeOrNone, mqTypeOf(config));
  if (handles !== config.handles) throw mismatch('Passing descriptors', handles, config.handles);
}

function checkClaim(request: LogInReq.Reader, peer: ProcessCredentials): void {
  const claim = request.claimedOwnProcessCredentials;
  const claimed = { pid: claim.processId, uid: claim.userId, gid: claim.groupId };
  if (sameCredentials(claimed, peer)) return;
  throw new FlowIpcError(
    SessionError.CLIENT_APP_INCONSISTENT_CREDS,
    `The client claims to be ${show(claimed)}, the kernel says ${show(peer)}`,
  );
}

const show = (c: ProcessCredentials): string => `process ${c.pid} of ${c.uid}:${c.gid}`;
