/**
 * Flow-IPC's transport core: messages and descriptors over Unix sockets, names, permissions, identity.
 * Usable by itself; sessions and structured channels are built on it.
 * @module
 */
export { type StreamAdaptorOptions, toDuplex } from './adaptors/duplex.js';
export { toWebStreams, type WebStreams } from './adaptors/web-streams.js';
export {
  type AbortOptions,
  type AnyChannel,
  Channel,
  type ChannelCounters,
  type ChannelFeature,
  type ChannelOptions,
  type ChannelPipes,
  type PipePair,
} from './channel.js';
export type { ChannelMessage, ReceivedInto } from './channel-inbox.js';
export {
  type MqsChannel,
  type MqsSocketStreamChannel,
  mqsChannel,
  mqsSocketStreamChannel,
  type SocketStreamChannel,
  type SocketStreamChannelOfBlobs,
  socketStreamChannel,
  socketStreamChannelOfBlobs,
} from './channel-kinds.js';
export type { CoreDiagnostics } from './diagnostics.js';
export type { Direction, EventLoop, FdWatch, LoopTimer } from './event-loop/event-loop.js';
export { runEssentialTimers, whileBlocked } from './event-loop/lazy-timer.js';
export { throwLater } from './event-loop/throw-later.js';
export { uvEventLoop } from './event-loop/uv-event-loop.js';
export { BipcMqHandle } from './mq/bipc-mq-handle.js';
export { BlobStreamMqReceiver } from './mq/blob-stream-mq-receiver.js';
export { BlobStreamMqSender, type MqStreamOptions } from './mq/blob-stream-mq-sender.js';
export { mqPipes } from './mq/mq-pipes.js';
export {
  type MqHandleClass,
  MqInterrupter,
  type MqKind,
  type MqOptions,
  type MqWaitOptions,
  PersistentMqHandle,
} from './mq/persistent-mq-handle.js';
export { PosixMqHandle } from './mq/posix-mq-handle.js';
export { blobStreamMqNames, blobStreamMqs } from './mq/sentinel.js';
export { NativeSocketStreamAcceptor } from './socket-stream/acceptor.js';
export { MAX_BLOB_SIZE } from './socket-stream/frame.js';
export {
  NativeSocketStream,
  type StreamCounters,
  type StreamOptions,
} from './socket-stream/native-socket-stream.js';
export { ReceiveBuffer } from './socket-stream/receive-buffer.js';
export {
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_PING_PERIOD_MS,
  type FrameSink,
  type Pipe,
  type ReceiveCounters,
  type ReceiverPipe,
  type SendCounters,
  type SenderPipe,
} from './transport.js';
export type { DescriptorInfo, DescriptorKind, SocketDescription } from './util/descriptor-info.js';
export { EAGAIN, ECONNREFUSED } from './util/errno.js';
export {
  abortedError,
  FlowIpcError,
  type FlowIpcErrorOptions,
  fromNative,
  HandleError,
  systemError,
  TransportError,
} from './util/errors.js';
export { type LogComponent, logger, logSection } from './util/log.js';
export { NativeHandle } from './util/native-handle.js';
export type { DescriptorSource } from './util/node-descriptors.js';
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
  formatCredentials,
  ownProcessCredentials,
  type ProcessCredentials,
  processInvokedAs,
  processRunning,
  processScriptPath,
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
export { waitForPipes } from './wait-for-pipes.js';
