// Channels of two pipes: routing by descriptor, re-ordering by id, and peers that keep to neither (feature 110).
import { openSync } from 'node:fs';
import { NativeHandle } from '@flow-ipc/core';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StructuredChannel } from '../src/index.js';
import { Body } from './generated/test-body.capnp.js';
import {
  ASK_BODY,
  answerAsks,
  ask,
  closeAll,
  coded,
  HELLO,
  keep,
  metadata,
  openDescriptors,
  turn,
  twoPipeChannels,
  twoPipePair,
} from './harness.js';

afterEach(closeAll);

const devNull = () => new NativeHandle(openSync('/dev/null', 'r'));
const id = (n: number): [number, string] => [8, n.toString(16).padStart(2, '0')];

it('messages arrive in the order of sending, whichever pipe each took', async () => {
  const [a, b] = twoPipePair();
  const withHandle = [true, false, false, true, true, false, true, false];
  withHandle.forEach((has, n) => {
    using msg = ask(a, n);
    if (has) msg.nativeHandle = devNull();
    a.send(msg);
  });
  const got: [number, boolean][] = [];
  for await (using m of b.messages('ask')) {
    got.push([m.body.ask.numberNumber, m.nativeHandle !== null]);
    if (got.length === withHandle.length) break;
  }
  expect(got).toEqual(withHandle.map((has, n) => [n, has]));
  const counters = a.ownedChannel.handleSender!.sendCounters;
  // Hello, and metadata and body of four messages.
  expect(counters.messagesSent).toBe(1 + 2 * 4);
});

it('any mix arrives in order, big messages too', async () => {
  const before = openDescriptors();
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ has: fc.boolean(), size: fc.constantFrom(0, 100, 60_000, 300_000), pause: fc.boolean() }),
        {
          minLength: 1,
          maxLength: 20,
        },
      ),
      async (messages) => {
        const [a, b] = twoPipePair();
        const iterator = b.messages('bulk');
        const received = (async () => {
          for (const { has, size } of messages) {
            using m = (await iterator.next()).value!;
            let total = 0;
            const { parts } = m.body.bulk;
            for (let i = 0; i < parts.length; i++) total += parts.at(i).length;
            expect([total, m.nativeHandle !== null]).toEqual([size, has]);
          }
        })();
        for (const { has, size, pause } of messages) {
          using msg = a.buildMsg('bulk', (bulk) => {
            const parts = bulk.initParts(Math.ceil(size / 60_000));
            for (let left = size, i = 0; left > 0; left -= 60_000, i++) {
              parts.set(i, new Uint8Array(Math.min(60_000, left)));
            }
          });
          if (has) msg.nativeHandle = devNull();
          a.send(msg);
          if (pause) await turn();
        }
        await received;
        closeAll();
      },
    ),
    { numRuns: 30 },
  );
  expect(openDescriptors()).toBe(before);
});

it('requests and blocking requests go through either pipe', async () => {
  const [a, b] = twoPipePair();
  answerAsks(b);
  using plain = ask(a, 1);
  using withHandle = a.buildMsg('ask', (x) => (x.number = 2), { nativeHandle: devNull() });
  const responses = await Promise.all([a.request(withHandle), a.request(plain), a.request(withHandle)]);
  expect(responses.map((r) => r.body.answer.numberNumber)).toEqual([3, 2, 3]);
});

it("the peer's end is taken when both pipes have ended, and nothing of either is lost", async () => {
  const [a, b] = twoPipePair();
  for (let n = 0; n < 50; n++) {
    using msg = ask(a, n);
    if (n % 3 === 0) msg.nativeHandle = devNull();
    a.send(msg);
  }
  void a.endSending();
  let n = 0;
  for await (using m of b.messages('ask')) expect(m.body.ask.numberNumber).toBe(n++);
  expect(n).toBe(50);
  expect(b.error).toEqual(coded('RECEIVES_FINISHED_CANNOT_RECEIVE'));
});

describe('a peer that breaks the rules ends the channel:', () => {
  /** A structured channel of two pipes whose peer is bare sockets. */
  function bare(options = {}) {
    const onError = vi.fn();
    const [x, , , b] = twoPipeChannels();
    const channel = keep(new StructuredChannel(x, Body, { onError, ...options }));
    b.blobs.send(HELLO);
    b.handles.send(HELLO);
    return { channel, onError, ...b };
  }

  it('a message without a descriptor on the handles pipe', async () => {
    const { onError, handles } = bare();
    handles.send(metadata());
    await turn(20);
    expect(onError).toHaveBeenCalledExactlyOnceWith(coded('GOT_NO_HNDL'));
  });

  it('a descriptor on the blobs pipe, which is closed', async () => {
    const before = openDescriptors();
    const { onError, blobs } = bare();
    using handle = devNull();
    blobs.send(metadata(), handle.fd);
    await turn(20);
    expect(onError).toHaveBeenCalledExactlyOnceWith(coded('BLOB_RECEIVER_GOT_NON_BLOB'));
    closeAll();
    handle.close();
    expect(openDescriptors()).toBe(before);
  });

  it('a descriptor by itself', async () => {
    const { onError, handles } = bare();
    using handle = devNull();
    handles.send(null, handle.fd);
    await turn(20);
    expect(onError).toHaveBeenCalledExactlyOnceWith(coded('GOT_NO_BLOB'));
  });

  it('ids that go back along a pipe', async () => {
    const { onError, blobs } = bare();
    for (const n of [3, 2]) {
      blobs.send(metadata(id(n)));
      blobs.send(ASK_BODY);
    }
    await turn(20);
    expect(onError).toHaveBeenCalledExactlyOnceWith(coded('MISUSED_SCHEMA'));
  });

  it('the same id on both pipes', async () => {
    const { onError, blobs, handles } = bare();
    using handle = devNull();
    blobs.send(metadata(id(1)));
    blobs.send(ASK_BODY);
    await turn(20);
    handles.send(metadata(id(1)), handle.fd);
    await turn(20);
    expect(onError).toHaveBeenCalledExactlyOnceWith(coded('MISUSED_SCHEMA'));
  });

  it('a gap that neither pipe can fill any more, at once', async () => {
    const { onError, blobs, handles } = bare();
    using handle = devNull();
    blobs.send(metadata(id(2)));
    blobs.send(ASK_BODY);
    await turn(20);
    expect(onError).not.toHaveBeenCalled();
    handles.send(metadata(id(3)), handle.fd);
    handles.send(ASK_BODY);
    await turn(20);
    expect(onError).toHaveBeenCalledExactlyOnceWith(coded('MISUSED_SCHEMA'));
  });

  it('a gap that is never filled: waiting for it is limited', async () => {
    const { onError, blobs, channel } = bare({ maxCachedMessages: 20 });
    for (let n = 2; n < 2 + 20; n++) {
      blobs.send(metadata(id(n)));
      blobs.send(ASK_BODY);
    }
    await turn(20);
    expect(channel.counters.waitingMessages).toBe(20);
    blobs.send(metadata(id(22)));
    blobs.send(ASK_BODY);
    await turn(20);
    expect(onError).toHaveBeenCalledExactlyOnceWith(coded('CACHE_LIMIT'));
    expect(channel.counters.waitingMessages).toBe(0);
  });

  it('a gap at the end', async () => {
    const { onError, blobs, handles } = bare();
    blobs.send(metadata(id(2)));
    blobs.send(ASK_BODY);
    blobs.endSending();
    handles.endSending();
    await turn(20);
    expect(onError).toHaveBeenCalledExactlyOnceWith(coded('MISUSED_SCHEMA'));
  });

  it('but order is restored where both keep the rules', async () => {
    const { channel, onError, blobs, handles } = bare();
    using handle = devNull();
    const send = (n: number, fd = -1) => {
      const pipe = fd < 0 ? blobs : handles;
      pipe.send(metadata(id(n)), fd);
      pipe.send(ASK_BODY);
    };
    send(3);
    send(4);
    send(6);
    await turn(20);
    send(1, handle.fd);
    send(2, handle.fd);
    send(5, handle.fd);
    await turn(20);
    const ids: number[] = [];
    channel.expectMsgs('ask', (m) => {
      ids.push(m.id);
      m.release();
    });
    expect(ids).toEqual([1, 2, 3, 4, 5, 6]);
    expect(onError).not.toHaveBeenCalled();
  });
});
