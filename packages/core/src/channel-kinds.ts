// The standard bundles (feature 74): a type and a maker each. Message-queue pipes come from whatever implements them.
import { Channel, type ChannelOptions, type PipePair } from './channel.js';
import type { NativeSocketStream } from './socket-stream/native-socket-stream.js';

type Options = Omit<ChannelOptions, 'handles'>;

/** One pipe over a socket stream: blobs, and descriptors with or without one. */
export type SocketStreamChannel = Channel<'blobs' | 'handles' | 'credentials'>;
/** One pipe over a socket stream that takes blobs only. */
export type SocketStreamChannelOfBlobs = Channel<'blobs' | 'credentials'>;
/** One pipe over two message queues. */
export type MqsChannel = Channel<'blobs'>;
/** Two pipes: blobs over message queues, messages with descriptors over a socket stream. */
export type MqsSocketStreamChannel = Channel<'blobs' | 'handles' | 'credentials'>;

export function socketStreamChannel(stream: NativeSocketStream, options?: Options): SocketStreamChannel {
  return new Channel(stream, { ...options, handles: true });
}

export function socketStreamChannelOfBlobs(
  stream: NativeSocketStream,
  options?: Options,
): SocketStreamChannelOfBlobs {
  return new Channel(stream, { ...options, handles: false });
}

export function mqsChannel(blobs: PipePair, options?: Options): MqsChannel {
  return new Channel({ blobs }, options);
}

export function mqsSocketStreamChannel(
  blobs: PipePair,
  stream: NativeSocketStream,
  options?: Options,
): MqsSocketStreamChannel {
  return new Channel({ blobs, handles: { sender: stream, receiver: stream } }, options);
}
