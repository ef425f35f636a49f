// Codes of the session layer: C++ `session::error::Code`, then ours.

export const SessionError = {
  /** A wrong option, or a client that asks for init channels where none are taken. */
  INVALID_ARGUMENT: 'ERR_FLOW_IPC_SESSION_INVALID_ARGUMENT',
  /** The CNS file does not hold a process id. */
  CNS_BAD_FORMAT: 'ERR_FLOW_IPC_SESSION_CLIENT_NAMESPACE_STORE_BAD_FORMAT',
  /** The server's answer to the log-in makes no sense. */
  LOG_IN_RESPONSE_BAD: 'ERR_FLOW_IPC_SESSION_CLIENT_MASTER_LOG_IN_RESPONSE_BAD',
  /** Server: the client's app is not known, or not among the allowed ones. */
  CLIENT_APP_DISALLOWED: 'ERR_FLOW_IPC_SESSION_SERVER_MASTER_LOG_IN_REQUEST_CLIENT_APP_DISALLOWED_OR_UNKNOWN',
  /** Server: the client is not who it says: process id, user, group, or how it was invoked. */
  CLIENT_APP_INCONSISTENT_CREDS:
    'ERR_FLOW_IPC_SESSION_SERVER_MASTER_LOG_IN_REQUEST_CLIENT_APP_INCONSISTENT_CREDS',
  /** Server: the client uses another kind of shared memory or message queue, or differs about descriptors. */
  CONFIG_MISMATCH: 'ERR_FLOW_IPC_SESSION_SERVER_MASTER_LOG_IN_REQUEST_CONFIG_MISMATCH',
  /** The peer takes no channels (it has no passive-open handler). The session goes on. */
  PASSIVE_OPEN_REJECTED: 'ERR_FLOW_IPC_SESSION_OPEN_CHANNEL_REMOTE_PEER_REJECTED_PASSIVE_OPEN',
  /** The server side cannot make the channel: out of descriptors, most likely. The session goes on. */
  RESOURCE_UNAVAILABLE: 'ERR_FLOW_IPC_SESSION_OPEN_CHANNEL_SERVER_CANNOT_PROCEED_RESOURCE_UNAVAILABLE',
  /** The peer did not answer an openChannel() in time. The session goes on. */
  OPEN_CHANNEL_TIMEOUT: 'ERR_FLOW_IPC_SESSION_OPEN_CHANNEL_ACTIVE_TIMEOUT',
  /** A file, or this process itself, belongs to another user or group than the app's description says. */
  RESOURCE_OWNER_UNEXPECTED: 'ERR_FLOW_IPC_SESSION_RESOURCE_OWNER_UNEXPECTED',
  /** Ours: there is no server to connect to. Start it, or check that both sides use the same run directory. */
  SERVER_NOT_RUNNING: 'ERR_FLOW_IPC_SESSION_SERVER_NOT_RUNNING',
  /** Ours: the server has more connections waiting than it takes. Try again. */
  SERVER_BUSY: 'ERR_FLOW_IPC_SESSION_SERVER_BUSY',
  /** Ours: the server refused the log-in. `cause` has its reason, or only the end of the connection (C++ servers). */
  LOG_IN_REFUSED: 'ERR_FLOW_IPC_SESSION_LOG_IN_REFUSED',
  /** Ours: the run directory could be tampered with: another user's, a symbolic link, or open to all. */
  RUN_DIR_UNSAFE: 'ERR_FLOW_IPC_SESSION_RUN_DIR_UNSAFE',
  /** Ours: who answers is not the server app that was asked for: process id, user, group, or how it was invoked. */
  SERVER_INCONSISTENT_CREDS: 'ERR_FLOW_IPC_SESSION_SERVER_APP_INCONSISTENT_CREDS',
  /** Ours: the session was closed by this side. */
  CLOSED: 'ERR_FLOW_IPC_SESSION_CLOSED',
} as const;
