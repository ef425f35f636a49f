// Every transport that a session hands out, alone and in pairs of pipes.
import {
  BipcMqHandle,
  type Channel,
  mqPipes,
  mqsChannel,
  mqsSocketStreamChannel,
  NativeSocketStream,
  type PersistentMqHandle,
  PosixMqHandle,
  socketStreamChannel,
  socketStreamChannelOfBlobs,
} from '@flow-ipc/core';

let count = 0;
type Queues = typeof PosixMqHandle | typeof BipcMqHandle;
interface Handles {
  out: PersistentMqHandle;
  in: PersistentMqHandle;
}

function queues(kind: Queues): [Handles, Handles] {
  const name = `_flowipc_struct_${process.pid}_${count++}`;
  const options = { maxMessages: 5, maxMsgSize: 2048 };
  return [
    { out: kind.create(`${name}_c2s`, options), in: kind.create(`${name}_s2c`, options) },
    { out: kind.open(`${name}_s2c`), in: kind.open(`${name}_c2s`) },
  ];
}
const sockets = () =>
  NativeSocketStream.pair().map((fd) => new NativeSocketStream(fd)) as [
    NativeSocketStream,
    NativeSocketStream,
  ];

export interface Transport {
  /** Two connected channels. */
  make(): [Channel<never>, Channel<never>];
  handles: boolean;
  /** Most bytes of a body segment. */
  segment: number;
}
const overQueues = (kind: Queues): Transport => ({
  make() {
    const [a, b] = queues(kind);
    return [mqsChannel(mqPipes(a)), mqsChannel(mqPipes(b))];
  },
  handles: false,
  segment: 2048,
});
const overQueuesAndSocket = (kind: Queues): Transport => ({
  make() {
    const [a, b] = queues(kind);
    const [x, y] = sockets();
    return [mqsSocketStreamChannel(mqPipes(a), x), mqsSocketStreamChannel(mqPipes(b), y)];
  },
  handles: true,
  segment: 2048,
});
export const TRANSPORTS: [string, Transport][] = [
  [
    'a socket',
    { make: () => sockets().map((s) => socketStreamChannel(s)) as never, handles: true, segment: 65528 },
  ],
  [
    'a socket for blobs only',
    {
      make: () => sockets().map((s) => socketStreamChannelOfBlobs(s)) as never,
      handles: false,
      segment: 65528,
    },
  ],
  ['POSIX queues', overQueues(PosixMqHandle)],
  ['Boost queues', overQueues(BipcMqHandle)],
  ['POSIX queues and a socket', overQueuesAndSocket(PosixMqHandle)],
  ['Boost queues and a socket', overQueuesAndSocket(BipcMqHandle)],
];
