// The compliance suite over socket streams, both ends in this process: as pipes, as channels, in both patterns.
import { setSocketBuffers } from '@flow-ipc/native';
import { describe, expect, it } from 'vitest';
import {
  type End,
  type FarTask,
  pipeCompliance,
  runFarEnd,
  syncIoCompliance,
  syncIoEnd,
  transportCompliance,
} from '../../src/compliance/index.js';
import {
  mqsSocketStreamChannel,
  NativeSocketStream,
  socketStreamChannel,
  socketStreamChannelOfBlobs,
} from '../../src/index.js';
import {
  type EpollWatch,
  Channel as SyncIoChannel,
  NativeSocketStream as SyncIoStream,
} from '../../src/sync-io/index.js';

const both = { handles: true, onePipe: true, noticesPeerClose: true };
/** A hundred chances for a long run, three otherwise. */
const seeds = process.env.FLOW_IPC_LONG === '1' ? Array.from({ length: 100 }, (_, i) => i + 1) : [1, 2, 3];
const blobsOnly = { ...both, handles: false };

/** Both ends of a socket pair, made into whatever `make` makes of a descriptor. */
const pairOf = <T>(make: (fd: number) => T): [T, T] => {
  const [a, b] = NativeSocketStream.pair();
  return [make(a), make(b)];
};
/** Runs the far end here. */
const connectHere = (make: (fd: number) => End) => async (task: FarTask) => {
  const [end, other] = pairOf(make);
  return { end, far: runFarEnd(task, other) };
};
/** The kernel's minimum: a message leaves in many pieces. */
const tiny = (fd: number): number => {
  setSocketBuffers(fd, 1, 1);
  return fd;
};
const syncIo = (fd: number, kind: 'handles' | 'blobs'): End => {
  const stream = new SyncIoStream(fd);
  return syncIoEnd(new SyncIoChannel({ [kind]: { sender: stream, receiver: stream } }));
};

describe('pipes', () => {
  pipeCompliance({
    test: it,
    makePair: () => {
      const [a, b] = pairOf((fd) => new NativeSocketStream(fd));
      return { near: { sender: a, receiver: a }, far: { sender: b, receiver: b } };
    },
  });
});

describe('pipes in sync_io form', () => {
  syncIoCompliance({
    test: it,
    underflowAllowed: true,
    makePair: () => {
      const [a, b] = pairOf((fd) => new SyncIoStream<EpollWatch>(fd));
      return { near: { sender: a, receiver: a }, far: { sender: b, receiver: b } };
    },
  });
});

describe.each([
  ['Socket_stream_channel', both, (fd: number) => socketStreamChannel(new NativeSocketStream(fd))],
  [
    'Socket_stream_channel_of_blobs',
    blobsOnly,
    (fd: number) => socketStreamChannelOfBlobs(new NativeSocketStream(fd)),
  ],
  [
    'Socket_stream_channel, tiny buffers',
    both,
    (fd: number) => socketStreamChannel(new NativeSocketStream(tiny(fd))),
  ],
  ['Socket_stream_channel in sync_io form', both, (fd: number) => syncIo(fd, 'handles')],
  ['Socket_stream_channel_of_blobs in sync_io form', blobsOnly, (fd: number) => syncIo(fd, 'blobs')],
  ['sync_io form, tiny buffers', both, (fd: number) => syncIo(tiny(fd), 'handles')],
] as const)('%s', (_, features, make) => {
  transportCompliance({ test: it, features, connect: connectHere(make), seeds });
});

/** Blobs by one socket, descriptors by another: the two-pipe form, which does not care what its pipes are. */
const twoPipes = (make: (blobs: number, handles: number) => End) => async (task: FarTask) => {
  const [a, b] = NativeSocketStream.pair();
  const [c, d] = NativeSocketStream.pair();
  const [end, other] = [make(a, c), make(b, d)];
  return { end, far: runFarEnd(task, other) };
};
const pipes = <S>(stream: S) => ({ sender: stream, receiver: stream });

describe('two pipes', () => {
  const make = (blobs: number, handles: number): End =>
    mqsSocketStreamChannel(pipes(new NativeSocketStream(blobs)), new NativeSocketStream(handles));
  transportCompliance({ test: it, features: { ...both, onePipe: false }, connect: twoPipes(make), seeds });
});

describe('two pipes in sync_io form', () => {
  const make = (blobs: number, handles: number): End =>
    syncIoEnd(
      new SyncIoChannel({ blobs: pipes(new SyncIoStream(blobs)), handles: pipes(new SyncIoStream(handles)) }),
    );
  transportCompliance({ test: it, features: { ...both, onePipe: false }, connect: twoPipes(make), seeds });
});

describe('sync_io form turned async', () => {
  const make = (fd: number): End => {
    const stream = new SyncIoStream(fd);
    return new SyncIoChannel({ handles: { sender: stream, receiver: stream } }).asyncIoObj();
  };
  transportCompliance({ test: it, features: both, connect: connectHere(make), seeds: [4] });
});

describe('async form, not started, turned into sync_io form', () => {
  const make = (fd: number): End =>
    syncIoEnd(SyncIoChannel.of(socketStreamChannel(new NativeSocketStream(fd))));
  transportCompliance({ test: it, features: both, connect: connectHere(make), seeds: [5] });

  it('but not once it was started', () => {
    const [a, b] = NativeSocketStream.pair();
    using channel = socketStreamChannel(new NativeSocketStream(a));
    using _ = socketStreamChannel(new NativeSocketStream(b));
    channel.sendBlob(Uint8Array.of(1));
    expect(() => SyncIoChannel.of(channel)).toThrow(/started/);
  });
});
