// Who is told what, and how often: errors, handlers, diagnostics, counters (features 103-107).
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { TransportError } from '@flow-ipc/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StructError } from '../src/index.js';
import {
  ASK_BODY,
  answer,
  ask,
  channels,
  closeAll,
  coded,
  HELLO,
  metadata,
  outcome,
  pair,
  turn,
  withRawPeer,
} from './harness.js';

afterEach(closeAll);

describe('the error that ends a channel', () => {
  it('is thrown by the call that meets it, and onError is not told then', async () => {
    const onError = vi.fn();
    const [a, b] = pair({ onError });
    await turn();
    b.close();
    // The first is queued and finds the peer gone as it leaves; the next one is told.
    const codes = [1, 2, 3].map((n) => outcome(() => a.send(ask(a, n))));
    expect(codes).toEqual([undefined, TransportError.SYSTEM, TransportError.SYSTEM]);
    await turn(10);
    expect(onError).not.toHaveBeenCalled();
    expect(a.error!.code).toBe(TransportError.SYSTEM);
  });

  it('goes to onError when no call met it', async () => {
    const onError = vi.fn();
    const [a, b] = pair({ onError });
    await turn();
    b.close();
    expect(outcome(() => a.send(ask(a, 1)))).toBeUndefined();
    await turn(10);
    expect(onError).toHaveBeenCalledExactlyOnceWith(coded('EOF'));
  });

  it('goes to onError after all when a handler let it pass, once', async () => {
    for (const handle of [
      (a: ReturnType<typeof pair>[0]) => a.send(ask(a, 1)),
      async (a: ReturnType<typeof pair>[0]) => {
        await turn();
        a.send(ask(a, 1));
      },
    ]) {
      const onError = vi.fn();
      const [a, raw] = withRawPeer({ onError });
      a.expectMsg('ask', () => handle(a));
      raw.sendBlob(HELLO);
      raw.sendBlob(metadata());
      raw.sendBlob(ASK_BODY);
      await raw.drained();
      raw.close();
      await turn(20);
      expect(onError).toHaveBeenCalledTimes(1);
      expect(onError.mock.calls[0]![0]).toBe(a.error);
    }
  });

  it('leaves what had come before to be taken', async () => {
    const [a, b] = pair();
    a.send(ask(a, 1));
    a.send(ask(a, 2));
    void a.endSending();
    await turn(10);
    expect(b.error).toEqual(coded('RECEIVES_FINISHED_CANNOT_RECEIVE'));
    const got: number[] = [];
    b.expectMsg('ask', (m) => got.push(m.body.ask.numberNumber));
    for await (const m of b.messages('ask')) got.push(m.body.ask.numberNumber);
    expect(got).toEqual([1, 2]);
    await expect(b.message('ask')).rejects.toBe(b.error);
  });

  it('settles everything that waits exactly once, also our own close()', async () => {
    const onError = vi.fn();
    const [a] = pair({ onError });
    const settled = vi.fn();
    const waits: Promise<unknown>[] = [
      a.request(ask(a, 1)),
      a.request(ask(a, 1), { timeoutMs: 60_000 }),
      a.message('ask'),
      a.messages('answer').next(),
      a.responses(ask(a, 1)).next(),
    ];
    for (const wait of waits) wait.then(settled, settled);
    a.close();
    a.close();
    const results = await Promise.allSettled(waits);
    expect(results.map((r) => r.status)).toEqual([
      'rejected',
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    await turn(10);
    expect(settled).toHaveBeenCalledTimes(5);
    expect(onError).not.toHaveBeenCalled();
    expect(outcome(() => a.send(ask(a, 1)))).toBe(TransportError.CLOSED);
  });
});

describe('handlers of unexpected responses', () => {
  it('are set and unset, and say whether that was so', async () => {
    const [a, b] = pair();
    expect(a.unsetUnexpectedResponseHandler()).toBe(false);
    expect(a.setUnexpectedResponseHandler((m) => m.release())).toBe(true);
    expect(a.setUnexpectedResponseHandler(() => {})).toBe(false);
    expect(a.unsetUnexpectedResponseHandler()).toBe(true);
    const remote = vi.fn();
    expect(b.unsetRemoteUnexpectedResponseHandler()).toBe(false);
    expect(b.setRemoteUnexpectedResponseHandler(remote)).toBe(true);
    expect(b.setRemoteUnexpectedResponseHandler(remote)).toBe(false);
    const asked = b.message('ask');
    a.send(ask(a, 1));
    // A notification that is answered all the same; without a handler here it is only reported.
    b.send(answer(b, 77), await asked);
    await turn(10);
    expect(remote).toHaveBeenCalledTimes(1);
    const [id, text] = remote.mock.calls[0]!;
    expect(id).toBe(1);
    expect(text).toContain('answer = (number = 77)');
    expect(b.unsetRemoteUnexpectedResponseHandler()).toBe(true);
    b.send(answer(b, 78), Object.create((await askAgain(a, b))!, {}));
    await turn(10);
    expect(remote).toHaveBeenCalledTimes(1);
  });

  const askAgain = async (a: ReturnType<typeof pair>[0], b: ReturnType<typeof pair>[0]) => {
    const asked = b.message('ask');
    a.send(ask(a, 1));
    return asked;
  };

  it('run after a blocking request, not in the midst of it', async () => {
    const [a, b] = pair();
    const remote = vi.fn();
    a.setRemoteUnexpectedResponseHandler(remote);
    const asked = a.message('ask');
    b.send(ask(b, 1));
    a.send(answer(a, 1), await asked);
    b.ownedChannel.handleSender!.flush();
    await b.drained();
    // The report comes while this blocks, without an answer.
    await turn(0);
    expect(outcome(() => a.syncRequest(ask(a, 1), { timeoutMs: 5 }))).toBe(TransportError.TIMEOUT);
    await vi.waitFor(() => expect(remote).toHaveBeenCalledTimes(1));
  });
});

it('sending may end before receiving does: what is sent then is refused, and the channel goes on', async () => {
  const onError = vi.fn();
  const [a, b] = pair({ onError });
  const pending = a.request(ask(a, 1));
  await a.endSending();
  await a.endSending();
  expect(outcome(() => a.send(ask(a, 2)))).toBe(TransportError.SENDS_FINISHED);
  await expect(a.request(ask(a, 2))).rejects.toEqual(coded('SENDS_FINISHED_CANNOT_SEND'));
  expect(a.error).toBeUndefined();
  const request = await b.message('ask');
  // The peer's end is known already; our answer to what it asked can still not be sent: its end ended the channel.
  expect([TransportError.RECEIVES_FINISHED, undefined]).toContain(
    outcome(() => b.send(answer(b, 1), request)),
  );
  b.close();
  await expect(pending).rejects.toBeDefined();
});

it('diagnostics channels tell subscribers, and only them', async () => {
  const topics = ['open', 'end', 'send', 'receive', 'unexpected-response'].map(
    (t) => `flow-ipc:structured:${t}`,
  );
  const seen: [string, Record<string, unknown>][] = [];
  const note = (message: unknown, name: string | symbol) =>
    seen.push([String(name).slice('flow-ipc:structured:'.length), message as Record<string, unknown>]);
  for (const topic of topics) subscribe(topic, note);
  try {
    const [x, y] = channels();
    const { StructuredChannel } = await import('../src/index.js');
    const { Body } = await import('./generated/test-body.capnp.js');
    const a = new StructuredChannel(x, Body);
    const b = new StructuredChannel(y, Body);
    const asked = b.message('ask');
    a.send(ask(a, 1));
    b.send(answer(b, 1), await asked);
    await turn(10);
    b.close();
    a.close();
    expect(seen.map(([name, { id, originatingId, type }]) => [name, type, id, originatingId])).toEqual([
      ['open', 'Body', undefined, undefined],
      ['open', 'Body', undefined, undefined],
      ['send', 'Body', 1, 0],
      ['receive', 'Body', 1, 0],
      ['send', 'Body', 1, 1],
      ['receive', 'Body', 1, 1],
      ['unexpected-response', 'Body', 1, 1],
      ['end', 'Body', undefined, undefined],
      ['end', 'Body', undefined, undefined],
    ]);
    expect(seen.at(-1)![1].error).toEqual(coded('OBJECT_SHUTDOWN_ABORTED_COMPLETION_HANDLER'));
  } finally {
    for (const topic of topics) unsubscribe(topic, note);
  }
  const before = seen.length;
  pair();
  expect(seen).toHaveLength(before);
});

it('counters count', async () => {
  const [a, b] = pair();
  const request = b.message('ask');
  const response = a.request(ask(a, 1));
  expect(a.counters).toMatchObject({ messagesSent: 1, requestsSent: 1, pendingRequests: 1 });
  b.send(answer(b, 1), await request);
  await response;
  a.send(ask(a, 2));
  await turn(10);
  expect(a.counters).toMatchObject({ messagesReceived: 1, responsesReceived: 1, pendingRequests: 0 });
  expect(b.counters).toMatchObject({ messagesReceived: 2, cachedMessages: 1, waitingMessages: 1 });
  expect(b.counters.waitingBytes).toBeGreaterThan(0);
  await b.message('ask');
  expect(b.counters).toMatchObject({ cachedMessages: 0, waitingMessages: 0, waitingBytes: 0 });
  expect(StructError.CACHE_LIMIT).toContain('CACHE_LIMIT');
});
