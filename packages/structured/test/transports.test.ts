// The same conversation over every transport that a session hands out, alone and in pairs of pipes (row 114, too).
import { openSync } from 'node:fs';
import {
  BipcMqHandle,
  type Channel,
  mqPipes,
  mqsChannel,
  mqsSocketStreamChannel,
  NativeHandle,
  NativeSocketStream,
  type PersistentMqHandle,
  PosixMqHandle,
  socketStreamChannel,
  socketStreamChannelOfBlobs,
  TransportError,
} from '@flow-ipc/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StructError, StructuredChannel } from '../src/index.js';
import { Body } from './generated/test-body.capnp.js';
import { answerAsks, ask, closeAll, keep, openDescriptors, outcome, type TestChannel } from './harness.js';

afterEach(closeAll);

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

interface Kind {
  make(): [Channel<never>, Channel<never>];
  handles: boolean;
  segment: number;
}
const overQueues = (kind: Queues): Kind => ({
  make() {
    const [a, b] = queues(kind);
    return [mqsChannel(mqPipes(a)), mqsChannel(mqPipes(b))];
  },
  handles: false,
  segment: 2048,
});
const overQueuesAndSocket = (kind: Queues): Kind => ({
  make() {
    const [a, b] = queues(kind);
    const [x, y] = sockets();
    return [mqsSocketStreamChannel(mqPipes(a), x), mqsSocketStreamChannel(mqPipes(b), y)];
  },
  handles: true,
  segment: 2048,
});
const KINDS: [string, Kind][] = [
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

describe.each(KINDS)('over %s', (_, { make, handles, segment }) => {
  const pair = (): [TestChannel, TestChannel] => {
    const [x, y] = make();
    return [keep(new StructuredChannel(x, Body)), keep(new StructuredChannel(y, Body))];
  };

  it('requests, bursts, and messages of many segments arrive whole and in order', async () => {
    const [a, b] = pair();
    answerAsks(b);
    const responses = await Promise.all([1, 2, 3].map((n) => a.request(ask(a, n), { expect: 'answer' })));
    expect(responses.map((r) => r.body.answer.numberNumber)).toEqual([2, 3, 4]);
    const sizes = Array.from({ length: 40 }, (_, i) => (i * 997) % (segment * 3));
    for (const size of sizes) {
      using msg = a.buildMsg('bulk', (bulk) => {
        const parts = bulk.initParts(Math.ceil(size / 1000));
        for (let i = 0; i < parts.length; i++)
          parts.set(i, new Uint8Array(Math.min(1000, size - i * 1000)).fill(i));
      });
      if (handles && size % 3 === 0) msg.nativeHandle = new NativeHandle(openSync('/dev/null', 'r'));
      a.send(msg);
    }
    void a.endSending();
    const got: number[] = [];
    for await (using m of b.messages('bulk')) {
      const { parts } = m.body.bulk;
      let total = 0;
      for (let i = 0; i < parts.length; i++) {
        const part = parts.at(i);
        expect(part.every((x) => x === i % 256)).toBe(true);
        total += part.length;
      }
      expect(m.nativeHandle !== null).toBe(handles && total % 3 === 0);
      got.push(total);
    }
    expect(got).toEqual(sizes);
    expect(b.error?.code).toBe(TransportError.RECEIVES_FINISHED);
  });

  it('segments are as long as the pipes allow, and descriptors are refused where they cannot go', () => {
    const [a] = pair();
    const fits = a.buildMsg('bulk', (bulk) => (bulk.data = new Uint8Array(segment - 64)));
    const tooBig = a.buildMsg('bulk', (bulk) => (bulk.data = new Uint8Array(segment + 1)));
    expect(outcome(() => a.send(tooBig))).toBe(StructError.LEAF_TOO_BIG);
    expect(outcome(() => a.send(fits))).toBeUndefined();
    using withHandle = a.createMsg({ nativeHandle: new NativeHandle(openSync('/dev/null', 'r')) });
    expect(outcome(() => a.send(withHandle))).toBe(handles ? undefined : TransportError.INVALID_ARGUMENT);
    expect(a.error).toBeUndefined();
  });

  it('a blocking request runs out of time, and the channel goes on', async () => {
    const before = openDescriptors();
    const [a, b] = pair();
    answerAsks(b);
    expect(outcome(() => a.syncRequest(ask(a, 1), { timeoutMs: 20 }))).toBe(TransportError.TIMEOUT);
    await vi.waitFor(() => expect(a.counters.lateResponses).toBe(1));
    expect((await a.request(ask(a, 2), { expect: 'answer' })).body.answer.number).toBe(3n);
    closeAll();
    expect(openDescriptors()).toBe(before);
  });
});
