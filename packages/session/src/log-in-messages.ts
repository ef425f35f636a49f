// The two messages of the log-in, written in the order of allocation of the C++ programs, and the answer's check.
import { FlowIpcError, negotiate, ownProcessCredentials, PROTOCOL_VERSION } from '@flow-ipc/core';
import { type ChannelConfig, mqTypeOf } from './channel-config.js';
import { SessionError } from './errors.js';
import type { ShmType } from './generated/common.capnp.js';
import type { LogInReq, LogInRsp } from './generated/session-master-channel.capnp.js';

/** More channels than a process can have descriptors for. */
const MAX_INIT_CHANNELS = 65_536;

export interface LogInWish {
  appName: string;
  shmType: ShmType;
  config: ChannelConfig;
  channels: number;
}

export function fillRequest(logIn: LogInReq.Builder, wish: LogInWish): void {
  const own = ownProcessCredentials();
  logIn.initMetadata();
  const negotiation = logIn.initProtocolNegotiationToServer();
  negotiation.maxProtoVer = PROTOCOL_VERSION;
  negotiation.maxProtoVerAux = PROTOCOL_VERSION;
  logIn.mqTypeOrNone = mqTypeOf(wish.config);
  logIn.nativeHandleTransmissionEnabled = wish.config.handles;
  logIn.shmTypeOrNone = wish.shmType;
  const credentials = logIn.initClaimedOwnProcessCredentials();
  credentials.processId = own.pid;
  credentials.userId = own.uid;
  credentials.groupId = own.gid;
  logIn.initOwnApp().name = wish.appName;
  logIn.numInitChannelsByCliReq = wish.channels;
  logIn.understandsRefusal = true;
}

export function fillResponse(logIn: LogInRsp.Builder, clientNamespace: string, channels: number): void {
  logIn.initMetadata();
  const negotiation = logIn.initProtocolNegotiationToClient();
  negotiation.maxProtoVer = PROTOCOL_VERSION;
  negotiation.maxProtoVerAux = PROTOCOL_VERSION;
  logIn.clientNamespace = clientNamespace;
  logIn.numInitChannelsBySrvReq = channels;
}

/** Throws LOG_IN_RESPONSE_BAD, its cause telling why. */
export function readResponse(answer: LogInRsp.Reader): { clientNamespace: string; channels: number } {
  try {
    negotiate(answer.protocolNegotiationToClient.maxProtoVer, 'Session');
    negotiate(answer.protocolNegotiationToClient.maxProtoVerAux, 'Session, shared memory');
    const { clientNamespace } = answer;
    // It becomes part of names in the kernel.
    if (!/^[0-9]{1,20}$/.test(clientNamespace))
      throw new RangeError(`client namespace ${JSON.stringify(clientNamespace.slice(0, 80))}`);
    const channels = answer.numInitChannelsBySrvReqNumber;
    if (channels > MAX_INIT_CHANNELS) throw new RangeError(`${channels} channels`);
    return { clientNamespace, channels };
  } catch (err) {
    throw new FlowIpcError(
      SessionError.LOG_IN_RESPONSE_BAD,
      "The server's answer to the log-in makes no sense",
      { cause: err },
    );
  }
}
