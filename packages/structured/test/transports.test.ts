// The same conversation over every transport that a session hands out, alone and in pairs of pipes (row 114, too).
import { openSync } from 'node:fs';
import { NativeHandle, TransportError } from '@flow-ipc/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StructError, StructuredChannel } from '../src/index.js';
import { TRANSPORTS } from './every-transport.js';
import { Body } from './generated/test-body.capnp.js';
import { answerAsks, ask, closeAll, keep, openDescriptors, outcome, type TestChannel } from './harness.js';

afterEach(closeAll);

describe.each(TRANSPORTS)('over %s', (_, { make, handles, segment }) => {
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
