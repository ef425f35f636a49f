// Which calls a channel has is known to the compiler; from JavaScript a wrong one is a coded error.
import { openSync } from 'node:fs';
import { expect, expectTypeOf, it } from 'vitest';
import {
  type AnyChannel,
  Channel,
  mqsChannel,
  mqsSocketStreamChannel,
  NativeHandle,
  NativeSocketStream,
  type PipePair,
  type ProcessCredentials,
  type SenderPipe,
  socketStreamChannel,
  socketStreamChannelOfBlobs,
} from '../src/index.js';

const streams = (): [NativeSocketStream, NativeSocketStream] => {
  const [a, b] = NativeSocketStream.pair();
  return [new NativeSocketStream(a), new NativeSocketStream(b)];
};
const asPair = (stream: NativeSocketStream): PipePair => ({ sender: stream, receiver: stream });

it('a channel of blobs takes no descriptors', () => {
  const [a, b] = streams();
  using blobs = socketStreamChannelOfBlobs(a);
  using other = socketStreamChannel(b);
  using file = new NativeHandle(openSync('/dev/null', 'r'));
  // @ts-expect-error: no descriptors on a pipe for blobs
  expect(() => blobs.sendNativeHandle(file)).toThrow(
    expect.objectContaining({ code: 'ERR_FLOW_IPC_INVALID_ARGUMENT' }),
  );
  other.sendNativeHandle(file);
  expectTypeOf(blobs.handleSender).toEqualTypeOf<SenderPipe | undefined>();
  expectTypeOf(other.handleSender).toEqualTypeOf<SenderPipe>();
  expect(blobs.handleSender).toBeUndefined();
  expect(blobs.handlesEnabled).toBe(false);
});

it('only a channel with a socket knows its peer', () => {
  const [a, b] = streams();
  const [c, d] = streams();
  using _ = d;
  using queues = mqsChannel(asPair(a));
  using two = mqsSocketStreamChannel(asPair(b), c);
  expectTypeOf(queues.remotePeerProcessCredentials).toEqualTypeOf<ProcessCredentials | undefined>();
  expectTypeOf(two.remotePeerProcessCredentials).toEqualTypeOf<ProcessCredentials>();
  expect(two.remotePeerProcessCredentials.pid).toBe(process.pid);
});

it('a richer channel is a poorer one, not the other way round', () => {
  expectTypeOf<Channel>().toExtend<AnyChannel>();
  expectTypeOf<Channel>().toExtend<Channel<'blobs'>>();
  expectTypeOf<Channel<'blobs'>>().not.toExtend<Channel<'handles'>>();
  expectTypeOf<Channel<'blobs'>>().not.toExtend<Channel>();
  expect(() => new Channel({})).toThrow(TypeError);
});
