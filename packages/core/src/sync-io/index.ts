/**
 * Flow-IPC's transport core in the sync_io pattern: objects that never block and own no thread and no event loop. They
 * tell a function of yours what descriptors to watch, and you tell them when those are ready.
 * @module
 */
export { BlobStreamMqReceiver } from './blob-stream-mq-receiver.js';
export { BlobStreamMqSender } from './blob-stream-mq-sender.js';
export { Channel, type SyncIoChannelPipes, type SyncIoPipePair } from './channel.js';
export { EpollEventLoop, EpollWatch } from './epoll-event-loop.js';
export {
  type EventWaitFunc,
  type EventWaitHandle,
  type EventWaitHandleFactory,
  EventWaitLoop,
} from './event-wait.js';
export { NativeSocketStream } from './native-socket-stream.js';
export { NativeSocketStreamAcceptor } from './native-socket-stream-acceptor.js';
export { type Received, type SyncIoReceiver, SyncIoReceiverCore } from './receiver.js';
export { type SyncIoSender, SyncIoSenderCore } from './sender.js';
export type { TwinOptions } from './twin.js';
export { WOULD_BLOCK, type WouldBlock } from './would-block.js';
