/**
 * Flow-IPC's structured channels: typed Cap'n Proto messages over a Channel, told apart by kind, with requests
 * and responses.
 * @module
 */
export type { BacklogLimits } from './backlog.js';
export type { MsgOptions } from './channel-base.js';
export type { Counters, StructuredCounters } from './counters.js';
export type { StructuredDiagnostics } from './diagnostics.js';
export { StructError } from './errors.js';
export { heapSerialization } from './heap-serialization.js';
export type {
  AnyStructType,
  BodyOf,
  FillableKindOf,
  KindOf,
  MemberBuilderOf,
} from './kinds.js';
export type { MessageIterator } from './message-iterator.js';
export { MsgIn } from './msg-in.js';
export { MsgOut } from './msg-out.js';
export type { PatienceOptions } from './patience.js';
export type { ResponseIterator } from './response-iterator.js';
export type {
  BodyBuilder,
  CreateMsgOptions,
  MetadataBytes,
  OutgoingBody,
  ReceivedBody,
  Serialization,
} from './serialization.js';
export { isNil, nilToken, randomToken, type SessionToken } from './session-token.js';
export {
  type AsyncRequestOptions,
  type RequestOptions,
  type ResponseOptions,
  StructuredChannel,
  type StructuredChannelOptions,
} from './structured-channel.js';
