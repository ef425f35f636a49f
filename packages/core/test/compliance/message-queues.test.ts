// The compliance suite over message queues of both kinds, both ends in this process: as pipes, as channels, in both
// patterns. Few POSIX queues exist at a time: a user may have nine of the largest.
import { describe, it } from 'vitest';
import type { PipePair } from '../../src/channel.js';
import {
  type End,
  type FarTask,
  pipeCompliance,
  runFarEnd,
  syncIoCompliance,
  syncIoEnd,
  type TransportFeatures,
  transportCompliance,
} from '../../src/compliance/index.js';
import {
  BipcMqHandle,
  mqPipes,
  mqsChannel,
  mqsSocketStreamChannel,
  NativeSocketStream,
  type PersistentMqHandle,
  PosixMqHandle,
} from '../../src/index.js';
import {
  BlobStreamMqReceiver,
  BlobStreamMqSender,
  type EpollWatch,
  Channel as SyncIoChannel,
  type SyncIoPipePair,
  NativeSocketStream as SyncIoStream,
} from '../../src/sync-io/index.js';

let counter = 0;

interface Handles {
  out: PersistentMqHandle;
  in: PersistentMqHandle;
}

/** The handles of both ends of two new queues. */
function handlesOf(kind: typeof PosixMqHandle | typeof BipcMqHandle, maxMsgSize: number): [Handles, Handles] {
  const name = `_flowipc_test_${process.pid}_${counter++}`;
  const options = { maxMessages: 5, maxMsgSize };
  return [
    { out: kind.create(`${name}_c2s`, options), in: kind.create(`${name}_s2c`, options) },
    { out: kind.open(`${name}_s2c`), in: kind.open(`${name}_c2s`) },
  ];
}

/** Runs the far end here. */
const connectHere = (makePair: () => [End, End]) => async (task: FarTask) => {
  const [end, other] = makePair();
  return { end, far: runFarEnd(task, other) };
};

const blobs: TransportFeatures = { handles: false, onePipe: true, noticesPeerClose: false };
const twoPipes: TransportFeatures = { handles: true, onePipe: false, noticesPeerClose: false };
const both = <A, B>([a, b]: [A, A], make: (handles: A) => B): [B, B] => [make(a), make(b)];

describe('Boost queues of messages longer than a common receive buffer', () => {
  const handles = () => handlesOf(BipcMqHandle, 300_000);
  describe('pipes', () => pipesOf(handles));
  describe('Mqs_channel', () => channelsOf(handles, [1]));
});

/** The compliance of pipes over queues that `handles` makes. */
function pipesOf(handles: () => [Handles, Handles]): void {
  pipeCompliance({
    test: it,
    makePair: () => {
      const [near, far] = both(handles(), (ends): PipePair => mqPipes(ends));
      return { near, far };
    },
  });
}

function channelsOf(handles: () => [Handles, Handles], seeds: number[]): void {
  const make = (): [End, End] => both(handles(), (ends) => mqsChannel(mqPipes(ends)) as unknown as End);
  transportCompliance({ test: it, features: blobs, connect: connectHere(make), seeds });
}

describe.each([
  ['POSIX queues', () => handlesOf(PosixMqHandle, 8192)],
  ['Boost queues', () => handlesOf(BipcMqHandle, 8192)],
])('%s', (_, handles) => {
  const syncIoPair = ({ out, in: incoming }: Handles): SyncIoPipePair<EpollWatch> => ({
    sender: new BlobStreamMqSender(out),
    receiver: new BlobStreamMqReceiver(incoming),
  });

  describe('pipes', () => pipesOf(handles));

  describe('pipes in sync_io form', () => {
    syncIoCompliance({
      test: it,
      underflowAllowed: false,
      makePair: () => {
        const [near, far] = both(handles(), syncIoPair);
        return { near, far };
      },
    });
  });

  describe('Mqs_channel', () => channelsOf(handles, [1, 2, 3]));

  describe('Mqs_channel in sync_io form', () => {
    const make = (): [End, End] =>
      both(handles(), (ends) => syncIoEnd(new SyncIoChannel({ blobs: syncIoPair(ends) as never })));
    transportCompliance({ test: it, features: blobs, connect: connectHere(make), seeds: [1] });
  });

  describe('Mqs_channel in sync_io form turned async', () => {
    const make = (): [End, End] =>
      both(
        handles(),
        (ends) => new SyncIoChannel({ blobs: syncIoPair(ends) }).asyncIoObj() as unknown as End,
      );
    transportCompliance({ test: it, features: blobs, connect: connectHere(make), seeds: [4] });
  });

  const withStreams = (): [[Handles, number], [Handles, number]] => {
    const [near, far] = handles();
    const [a, b] = NativeSocketStream.pair();
    return [
      [near, a],
      [far, b],
    ];
  };

  describe('Mqs_socket_stream_channel', () => {
    const make = (): [End, End] =>
      both(withStreams(), ([ends, fd]) =>
        mqsSocketStreamChannel(mqPipes(ends), new NativeSocketStream(fd)),
      ) as [End, End];
    transportCompliance({ test: it, features: twoPipes, connect: connectHere(make) });
  });

  describe('Mqs_socket_stream_channel in sync_io form', () => {
    const make = (): [End, End] =>
      both(withStreams(), ([ends, fd]) => {
        const stream = new SyncIoStream<EpollWatch>(fd);
        const pipes = { blobs: syncIoPair(ends), handles: { sender: stream, receiver: stream } };
        return syncIoEnd(new SyncIoChannel(pipes as never));
      });
    transportCompliance({ test: it, features: twoPipes, connect: connectHere(make), seeds: [1] });
  });

  describe('Mqs_socket_stream_channel, not started, turned into sync_io form', () => {
    const make = (): [End, End] =>
      both(withStreams(), ([ends, fd]) =>
        syncIoEnd(
          SyncIoChannel.of(mqsSocketStreamChannel(mqPipes(ends), new NativeSocketStream(fd))) as never,
        ),
      );
    transportCompliance({ test: it, features: twoPipes, connect: connectHere(make), seeds: [5] });
  });
});
