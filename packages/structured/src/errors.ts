// Codes of the structured layer: C++ `struc::error::Code`, then ours.

export const StructError = {
  /** Two pipes: a message without a descriptor came on the pipe for those with one. Ends the channel. */
  GOT_NO_HNDL: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_PROTOCOL_MISMATCH_GOT_NO_HNDL',
  /** A message of no bytes. Ends the channel. */
  GOT_NO_BLOB: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_PROTOCOL_MISMATCH_GOT_NO_BLOB',
  /** A descriptor came with a body segment or with the negotiation. Ends the channel. */
  GOT_HNDL: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_PROTOCOL_MISMATCH_GOT_HNDL',
  /** The peer broke the rules of the structured protocol: ids, counts, shape of metadata. Ends the channel. */
  MISUSED_SCHEMA: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_PROTOCOL_MISMATCH_MISUSED_SCHEMA',
  /** A single list, Text or Data does not fit one segment of a heap message. Nothing was sent; the channel goes on. */
  LEAF_TOO_BIG: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_SERIALIZE_LEAF_TOO_BIG',
  /** No memory for a received message, or it is longer than `maxMessageBytes`. Ends the channel. */
  DESERIALIZE_TARGET_ALLOC_FAILED: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_DESERIALIZE_TARGET_ALLOC_FAILED',
  /** Log-in: a first message that is no log-in request or response. Ends the channel. */
  LOG_IN_MISUSED_SCHEMA: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_PROTOCOL_MISMATCH_LOG_IN_MISUSED_SCHEMA',
  /** A message with another session's token. Ends the channel. */
  BAD_AUTH: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_PROTOCOL_MISMATCH_BAD_AUTH',
  /** An internal message of a kind we do not know. Ends the channel. */
  INTERNAL_MSG_TYPE_UNKNOWN: 'ERR_FLOW_IPC_STRUCT_INTERNAL_ERROR_PROTOCOL_MISMATCH_INTERNAL_MSG_TYPE_UNKNOWN',
  /** The log-in request is of another kind than the server expects. Ends the channel. */
  UNEXPECTED_LOG_IN_REQUEST: 'ERR_FLOW_IPC_STRUCT_GOT_UNEXPECTED_LOG_IN_REQUEST',
  /** A received item has no segments, or a segment is not made of whole 8-byte words. Ends the channel. */
  INSUFFICIENT_SEGMENTS: 'ERR_FLOW_IPC_STRUCT_DESERIALIZE_FAILED_INSUFFICIENT_SEGMENTS',
  SEGMENT_MISALIGNED: 'ERR_FLOW_IPC_STRUCT_DESERIALIZE_FAILED_SEGMENT_MISALIGNED',
  /** Received bytes or the shared memory they name could not be read as a message. Ends the channel. */
  DESERIALIZE_FAILED: 'ERR_FLOW_IPC_STRUCT_DESERIALIZE_FAILED',
  /** Used before log-in was done, or the wrong way round. */
  NOT_LOGGED_IN: 'ERR_FLOW_IPC_STRUCT_NOT_LOGGED_IN',
  /** Messages of this kind are expected by somebody else already. */
  ALREADY_EXPECTED: 'ERR_FLOW_IPC_STRUCT_ALREADY_EXPECTED',
  /** The response is of another kind than the request said. It was released; the channel goes on. */
  UNEXPECTED_KIND: 'ERR_FLOW_IPC_STRUCT_UNEXPECTED_KIND',
  /** More received messages, or bytes of them, wait to be taken than may be kept. Ends the channel. */
  CACHE_LIMIT: 'ERR_FLOW_IPC_STRUCT_UNEXPECTED_MESSAGE_CACHE_LIMIT',
  /** The message was released already. */
  RELEASED: 'ERR_FLOW_IPC_STRUCT_MESSAGE_RELEASED',
} as const;
