// Nothing that waits to be taken grows without a limit, wherever it waits (feature 102, and what the peer may do).
import { afterEach, expect, it, vi } from 'vitest';
import { ASK_BODY, ask, closeAll, coded, HELLO, metadata, pair, turn, withRawPeer } from './harness.js';

afterEach(closeAll);

it('messages in the queue of a slow loop count, and are still handed out after the end', async () => {
  const onError = vi.fn();
  const [a, b] = pair({}, { maxCachedMessages: 10, onError });
  const messages = b.messages('ask');
  for (let n = 0; n < 10; n++) a.send(ask(a, n));
  await turn(20);
  expect(onError).not.toHaveBeenCalled();
  expect([messages.queued, b.counters.waitingMessages]).toEqual([10, 10]);
  await messages.next();
  a.send(ask(a, 10));
  await turn(20);
  expect(onError).not.toHaveBeenCalled();
  a.send(ask(a, 11));
  await turn(20);
  expect(onError).toHaveBeenCalledExactlyOnceWith(coded('CACHE_LIMIT'));
  for (let n = 1; n < 12; n++) expect((await messages.next()).value!.body.ask.numberNumber).toBe(n);
  await expect(messages.next()).rejects.toEqual(coded('CACHE_LIMIT'));
  expect(b.counters).toMatchObject({ waitingMessages: 0, waitingBytes: 0 });
});

it('bytes count too, but one message may always wait', async () => {
  const onError = vi.fn();
  const [a, b] = pair({}, { maxCachedBytes: 100_000, onError });
  const big = a.buildMsg('bulk', (bulk) => {
    const parts = bulk.initParts(3);
    for (let i = 0; i < 3; i++) parts.set(i, new Uint8Array(50_000));
  });
  a.send(big);
  await turn(20);
  expect(onError).not.toHaveBeenCalled();
  expect(b.counters.waitingBytes).toBeGreaterThan(150_000);
  a.send(ask(a, 1));
  await turn(20);
  expect(onError).toHaveBeenCalledExactlyOnceWith(coded('CACHE_LIMIT'));
});

it('a message that is too long is refused before it has all come', async () => {
  const onError = vi.fn();
  const [, raw] = withRawPeer({ onError, maxMessageBytes: 10_000 });
  raw.sendBlob(HELLO);
  raw.sendBlob(metadata([16, 'ffffffffffff0f00']));
  for (let i = 0; i < 75; i++) raw.sendBlob(Uint8Array.of(0));
  await turn(20);
  expect(onError).not.toHaveBeenCalled();
  // Many tiny segments are no way round it.
  for (let i = 0; i < 10; i++) raw.sendBlob(Uint8Array.of(0));
  await turn(20);
  expect(onError).toHaveBeenCalledExactlyOnceWith(coded('DESERIALIZE_TARGET_ALLOC_FAILED'));
});

it('what is held back while a request blocks counts', async () => {
  const onError = vi.fn();
  const [channel, raw] = withRawPeer({ onError, maxCachedMessages: 5 });
  raw.sendBlob(HELLO);
  for (let n = 1; n <= 6; n++) {
    raw.sendBlob(metadata([8, `0${n}`]));
    raw.sendBlob(ASK_BODY);
  }
  raw.handleSender!.flush();
  expect(() => channel.syncRequest(ask(channel, 1), { timeoutMs: 10_000 })).toThrow(coded('CACHE_LIMIT'));
  expect(onError).not.toHaveBeenCalled();
  await turn();
  const ids: number[] = [];
  channel.expectMsgs('ask', (m) => ids.push(m.id));
  expect(ids).toEqual([1, 2, 3, 4, 5, 6]);
});

it('limits that are none are refused', () => {
  for (const options of [
    { maxCachedMessages: -1 },
    { maxCachedBytes: Number.NaN },
    { maxMessageBytes: -5 },
  ]) {
    expect(() => pair(options)).toThrow(RangeError);
  }
});
