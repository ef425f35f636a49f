/**
 * Flow-IPC's transport core: messages and descriptors over Unix sockets, names, permissions, identity.
 * Usable by itself; sessions and structured channels are built on it.
 * @module
 */
export { type AbortOptions, Channel, type ChannelMessage } from './channel.js';
export type { Direction, EventLoop, FdWatch, LoopTimer } from './event-loop/event-loop.js';
export { runEssentialTimers } from './event-loop/lazy-timer.js';
export { uvEventLoop } from './event-loop/uv-event-loop.js';
export { NativeSocketStreamAcceptor } from './socket-stream/acceptor.js';
export { MAX_BLOB_SIZE } from './socket-stream/frame.js';
export type { FrameSink } from './socket-stream/frame-receiver.js';
export { FrameSender } from './socket-stream/frame-sender.js';
export {
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_PING_PERIOD_MS,
  NativeSocketStream,
  type StreamCounters,
} from './socket-stream/native-socket-stream.js';
export { ReceiveBuffer } from './socket-stream/receive-buffer.js';
export { ECONNREFUSED } from './util/errno.js';
export {
  abortedError,
  FlowIpcError,
  type FlowIpcErrorOptions,
  fromNative,
  systemError,
  TransportError,
} from './util/errors.js';
export { type LogComponent, logger, logSection } from './util/log.js';
export { NativeHandle } from './util/native-handle.js';
export {
  type PermissionsLevel,
  permissionsLevelNumber,
  producerConsumerMode,
  setResourcePermissions,
  sharedResourceMode,
} from './util/permissions.js';
export {
  namesInFolder,
  type PersistentKind,
  removeEachPersistentIf,
  removeEachPersistentWithPrefix,
  sharedMemoryObjects,
} from './util/persistent.js';
export {
  ownProcessCredentials,
  type ProcessCredentials,
  processInvokedAs,
  processRunning,
  processStartTime,
  sameCredentials,
} from './util/process-credentials.js';
export {
  negotiate,
  PROTOCOL_VERSION,
  ProtocolNegotiator,
  VERSION_UNKNOWN,
  VERSION_UNSUPPORTED,
} from './util/protocol-negotiator.js';
export {
  decomposeNonSessionResourceName,
  decomposeResourceName,
  FIRST_OR_ONLY,
  MAX_NAME_LENGTH,
  NAME_ROOT,
  NAME_SEPARATOR,
  type NamePart,
  type NameScope,
  nonSessionResourceName,
  ResourceType,
  resourceName,
  SENTINEL,
  SharedName,
} from './util/shared-name.js';
export { onAbort } from './util/waiter-queue.js';
