/**
 * Flow-IPC's structured channels: typed Cap'n Proto messages over a Channel, told apart by kind, with requests
 * and responses.
 * @module
 */
export { StructError } from './errors.js';
export { heapSerialization } from './heap-serialization.js';
export { MsgIn } from './msg-in.js';
export { type AnyStructType, MsgOut } from './msg-out.js';
export type {
  BodyBuilder,
  CreateMsgOptions,
  MetadataBytes,
  ReceivedBody,
  Serialization,
} from './serialization.js';
export { isNil, nilToken, randomToken, type SessionToken } from './session-token.js';
export {
  type RequestOptions,
  StructuredChannel,
  type StructuredChannelOptions,
} from './structured-channel.js';
