// Codes of the structured layer: C++ `struc::error::Code`, then ours.

export const StructError = {
  /** The peer broke the rules of the structured protocol: ids, counts, shape of metadata. Ends the channel. */
  MISUSED_SCHEMA: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_PROTOCOL_MISMATCH_MISUSED_SCHEMA',
  /** Log-in: a first message that is no log-in request or response. Ends the channel. */
  LOG_IN_MISUSED_SCHEMA: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_PROTOCOL_MISMATCH_LOG_IN_MISUSED_SCHEMA',
  /** A message with another session's token. Ends the channel. */
  BAD_AUTH: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_PROTOCOL_MISMATCH_BAD_AUTH',
  /** An internal message of a kind we do not know. Ends the channel. */
  INTERNAL_MSG_TYPE_UNKNOWN: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_PROTOCOL_MISMATCH_INTERNAL_MSG_TYPE_UNKNOWN',
  /** The log-in request is of another kind than the server expects. Ends the channel. */
  UNEXPECTED_LOG_IN_REQUEST: 'ERR_FLOW_IPC_STRUCT_GOT_UNEXPECTED_LOG_IN_REQUEST',
  /** A single list, Text or Data does not fit one segment of a heap message. Nothing was sent; the channel goes on. */
  LEAF_TOO_BIG: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_SERIALIZE_LEAF_TOO_BIG',
  /** A received item has no segments, or a segment is not made of whole 8-byte words. Ends the channel. */
  INSUFFICIENT_SEGMENTS: 'ERR_FLOW_IPC_STRUCT_DESERIALIZE_FAILED_INSUFFICIENT_SEGMENTS',
  SEGMENT_MISALIGNED: 'ERR_FLOW_IPC_STRUCT_DESERIALIZE_FAILED_SEGMENT_MISALIGNED',
  /** Received bytes or the shared memory they name could not be read as a message. Ends the channel. */
  DESERIALIZE_FAILED: 'ERR_FLOW_IPC_STRUCT_DESERIALIZE_FAILED',
  /** Used before log-in was done, or the wrong way round. */
  NOT_LOGGED_IN: 'ERR_FLOW_IPC_STRUCT_NOT_LOGGED_IN',
  /** Messages of this kind, or responses to this id, are expected by somebody else already. */
  ALREADY_EXPECTED: 'ERR_FLOW_IPC_STRUCT_ALREADY_EXPECTED',
  /** More messages that nobody expects than may be kept. Ends the channel. */
  CACHE_LIMIT: 'ERR_FLOW_IPC_STRUCT_UNEXPECTED_MESSAGE_CACHE_LIMIT',
  /** The message was released already. */
  RELEASED: 'ERR_FLOW_IPC_STRUCT_MESSAGE_RELEASED',
} as const;
