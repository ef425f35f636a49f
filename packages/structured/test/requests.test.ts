// Requests: one response or many, undo, patience of all kinds, blocking, and how each ends (features 95-98).
import { TransportError } from '@flow-ipc/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StructError } from '../src/index.js';
import {
  ASK_BODY,
  answer,
  answerAsks,
  ask,
  closeAll,
  coded,
  HELLO,
  metadata,
  numberOf,
  outcome,
  pair,
  type TestChannel,
  turn,
  withRawPeer,
} from './harness.js';

afterEach(closeAll);

/** Answers each 'ask' for n with n responses. */
function answerManyTimes(channel: TestChannel): void {
  channel.expectMsgs('ask', (request) => {
    using _ = request;
    for (let i = 0; i < request.body.ask.numberNumber; i++) {
      using response = answer(channel, i);
      channel.send(response, request);
    }
  });
}

describe('open-ended requests', () => {
  it('are iterated, until the loop is left: then responses are unexpected', async () => {
    const unexpected = vi.fn((m) => m.release());
    const remote = vi.fn();
    const [a, b] = pair({ onUnexpectedResponse: unexpected }, { onRemoteUnexpectedResponse: remote });
    answerManyTimes(b);
    using request = ask(a, 5);
    const numbers: number[] = [];
    const responses = a.responses(request, { expect: 'answer' });
    expect(responses.id).toBe(1);
    for await (using r of responses) {
      numbers.push(r.body.answer.numberNumber);
      if (numbers.length === 5) break;
    }
    expect(numbers).toEqual([0, 1, 2, 3, 4]);
    expect(unexpected).not.toHaveBeenCalled();
    const again = a.responses(request);
    await again.return();
    await turn(10);
    expect(unexpected).toHaveBeenCalledTimes(5);
    expect(remote).toHaveBeenCalledTimes(5);
    expect(a.counters).toMatchObject({ unexpectedResponses: 5, responsesReceived: 5, pendingRequests: 0 });
    expect(b.counters.remoteUnexpectedResponses).toBe(5);
  });

  it('are handled by a function, until undone', async () => {
    const unexpected = vi.fn((m) => m.release());
    const [a, b] = pair({ onUnexpectedResponse: unexpected });
    answerManyTimes(b);
    const numbers: number[] = [];
    using request = ask(a, 3);
    const id = a.asyncRequest(request, (r) => numbers.push(numberOf(r)), {
      openEnded: true,
    });
    await turn(10);
    expect(numbers).toEqual([0, 1, 2]);
    expect(a.undoExpectResponses(id)).toBe(true);
    expect(a.undoExpectResponses(id)).toBe(false);
    expect(a.undoExpectResponses(99)).toBe(false);
    const once = vi.fn((m) => m.release());
    const second = a.asyncRequest(request, once);
    await turn(10);
    expect(once).toHaveBeenCalledTimes(1);
    expect(unexpected).toHaveBeenCalledTimes(2);
    expect(a.undoExpectResponses(second)).toBe(false);
  });

  it('tell their function of the end; one that was given up is not told, and its late response is dropped', async () => {
    const unexpected = vi.fn();
    const [a, b] = pair({ onUnexpectedResponse: unexpected });
    const requests: (() => void)[] = [];
    b.expectMsgs('ask', (request) => requests.push(() => b.send(answer(b, 1), request)));
    const ends = [vi.fn(), vi.fn()];
    const responses = vi.fn();
    const ids = ends.map((onEnd) => a.asyncRequest(ask(a, 1), responses, { onEnd }));
    a.abandonRequest(ids[0]!);
    await vi.waitFor(() => expect(requests).toHaveLength(2));
    requests[0]!();
    await vi.waitFor(() => expect(a.counters.lateResponses).toBe(1));
    b.close();
    await vi.waitFor(() => expect(ends[1]).toHaveBeenCalledTimes(1));
    expect(ends[1]).toHaveBeenCalledWith(a.error);
    for (const never of [ends[0], responses, unexpected]) expect(never).not.toHaveBeenCalled();
  });

  it('end with their signal or time, and late responses are dropped', async () => {
    const unexpected = vi.fn();
    const [a, b] = pair({ onUnexpectedResponse: unexpected });
    const requests: (() => void)[] = [];
    b.expectMsgs('ask', (request) => requests.push(() => b.send(answer(b, 1), request)));
    const abort = new AbortController();
    const aborted = a.responses(ask(a, 1), { signal: abort.signal });
    const timed = a.responses(ask(a, 1), { timeoutMs: 10 });
    const next = [aborted.next(), timed.next()];
    abort.abort(new Error('why'));
    await expect(next[0]).rejects.toMatchObject({ name: 'AbortError', cause: { message: 'why' } });
    await expect(next[1]).rejects.toEqual(coded('TIMEOUT'));
    expect(await aborted.next()).toEqual({ done: true, value: undefined });
    await vi.waitFor(() => expect(requests).toHaveLength(2));
    for (const respond of [...requests, ...requests]) respond();
    await vi.waitFor(() => expect(a.counters.lateResponses).toBe(4));
    expect(unexpected).not.toHaveBeenCalled();
  });

  it('end when the peer ends in good order, with what it had sent; and throw when it is lost', async () => {
    const [a, b] = pair();
    answerManyTimes(b);
    const responses = a.responses(ask(a, 2));
    await turn(10);
    void b.endSending();
    const got: unknown[] = [];
    for await (const r of responses) got.push(r.which);
    expect(got).toEqual(['answer', 'answer']);
    const [c, d] = pair();
    const lost = c.responses(ask(c, 2)).next();
    d.close();
    await expect(lost).rejects.toEqual(coded('EOF'));
  });

  it('that are answered by another kind than expected throw, and release it', async () => {
    const [a, b] = pair();
    answerManyTimes(b);
    await expect(a.responses(ask(a, 1), { expect: 'bulk' }).next()).rejects.toEqual(coded('UNEXPECTED_KIND'));
    await expect(a.request(ask(a, 1), { expect: 'bulk' })).rejects.toEqual(coded('UNEXPECTED_KIND'));
    expect((await a.request(ask(a, 1), { expect: 'answer' })).body.answer.number).toBe(0n);
  });
});

describe('patience', () => {
  it('ends at a deadline, or is over before anything is sent', async () => {
    const [a] = pair();
    await expect(a.request(ask(a, 1), { deadline: Date.now() + 15 })).rejects.toEqual(coded('TIMEOUT'));
    await expect(
      a.request(ask(a, 1), { deadline: new Date(Date.now() + 15), timeoutMs: 60_000 }),
    ).rejects.toEqual(coded('TIMEOUT'));
    const sent = a.counters.messagesSent;
    await expect(a.request(ask(a, 1), { deadline: Date.now() - 1 })).rejects.toEqual(coded('TIMEOUT'));
    await expect(a.request(ask(a, 1), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(outcome(() => a.responses(ask(a, 1), { signal: AbortSignal.abort() }))).toBe(
      TransportError.ABORTED,
    );
    expect(outcome(() => a.syncRequest(ask(a, 1), { deadline: 1 }))).toBe(TransportError.TIMEOUT);
    expect(a.counters.messagesSent).toBe(sent);
  });

  it('longer than a timer can be is no limit', async () => {
    const [a, b] = pair();
    answerAsks(b);
    const response = await a.request(ask(a, 1), { timeoutMs: 2 ** 40, deadline: Date.now() + 2 ** 41 });
    expect(response.which).toBe('answer');
  });

  it('that is no number is a RangeError', async () => {
    const [a] = pair();
    await expect(a.request(ask(a, 1), { timeoutMs: -1 })).rejects.toThrow(RangeError);
    await expect(a.request(ask(a, 1), { deadline: new Date('x') })).rejects.toThrow(RangeError);
    expect(() => a.messages('ask', { timeoutMs: Number.NaN })).toThrow(RangeError);
    expect(a.counters.messagesSent).toBe(0);
  });

  it('of a wait for one message', async () => {
    const [a, b] = pair();
    await expect(b.message('ask', { timeoutMs: 10 })).rejects.toEqual(coded('TIMEOUT'));
    await expect(b.message('ask', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    });
    const next = b.message('ask');
    a.send(ask(a, 7));
    a.send(ask(a, 8));
    expect((await next).body.ask.number).toBe(7n);
    expect((await b.message('ask')).body.ask.number).toBe(8n);
    a.close();
    await expect(b.message('ask')).rejects.toEqual(coded('EOF'));
  });
});

it('ten thousand requests at once get their own responses', async () => {
  const [a, b] = pair();
  answerAsks(b);
  const responses = await Promise.all(
    Array.from({ length: 10_000 }, (_, n) => {
      using request = ask(a, n);
      return a.request(request);
    }),
  );
  responses.forEach((r, n) => {
    using _ = r;
    expect(r.originatingId).toBe(n + 1);
    expect(numberOf(r)).toBe(n + 1);
  });
});

it('a request may answer another, in both directions', async () => {
  const [a, b] = pair();
  b.expectMsg('ask', async (request) => {
    using counter = await b.request(ask(b, request.body.ask.numberNumber + 1), { inResponseTo: request });
    b.send(answer(b, numberOf(counter) + 1), counter);
  });
  const first = await a.request(ask(a, 1), { expect: 'ask' });
  const second = await a.request(answer(a, first.body.ask.numberNumber + 1), { inResponseTo: first });
  expect([second.originatingId, numberOf(second)]).toEqual([2, 4]);
});

describe('a blocking request', () => {
  /** A peer in this same thread cannot answer while it blocks: it answers beforehand, to the id that will be. */
  const answerBeforehand = (
    b: TestChannel,
    request: Parameters<TestChannel['send']>[1],
    id: number,
    n: number,
  ) => {
    const origin = Object.create(request!, { id: { value: id } });
    b.send(answer(b, n), origin);
    b.ownedChannel.handleSender!.flush();
  };

  it('holds back all else that comes, and hands it out afterwards in order', async () => {
    const [a, b] = pair();
    const seen: string[] = [];
    const note = (what: string) => (m: { release(): void }) => {
      seen.push(what);
      m.release();
    };
    a.expectMsgs('ask', note('ask'));
    a.expectMsgs('bulk', note('bulk'));
    const asked = b.message('ask');
    a.asyncRequest(ask(a, 1), note('other response'));
    const request = await asked;
    b.send(ask(b, 1));
    answerBeforehand(b, request, 1, 10);
    answerBeforehand(b, request, 2, 20);
    b.send(b.buildMsg('bulk'));
    b.ownedChannel.handleSender!.flush();
    const response = a.syncRequest(ask(a, 2), { expect: 'answer' });
    expect(response.body.answer.number).toBe(20n);
    answerBeforehand(b, request, 3, 30);
    expect(outcome(() => a.syncRequest(ask(a, 3), { expect: 'bulk' }))).toBe(StructError.UNEXPECTED_KIND);
    expect(seen).toEqual([]);
    await turn();
    expect(seen).toEqual(['ask', 'other response', 'bulk']);
  });

  it('may be made by a handler of the channel', async () => {
    const [a, b] = pair();
    const asked = b.message('ask');
    let got: unknown;
    a.asyncRequest(ask(a, 1), () => {
      got = numberOf(a.syncRequest(ask(a, 2)));
    });
    const request = await asked;
    answerBeforehand(b, request, 1, 10);
    answerBeforehand(b, request, 2, 20);
    await turn();
    expect(got).toBe(20);
  });

  it('runs out of time; the channel goes on, the late response is dropped', async () => {
    const onError = vi.fn();
    const unexpected = vi.fn();
    const [a, b] = pair({ onError, onUnexpectedResponse: unexpected });
    answerAsks(b);
    const before = performance.now();
    expect(outcome(() => a.syncRequest(ask(a, 1), { timeoutMs: 30 }))).toBe(TransportError.TIMEOUT);
    expect(performance.now() - before).toBeGreaterThanOrEqual(29);
    await vi.waitFor(() => expect(a.counters.lateResponses).toBe(1));
    expect((await a.request(ask(a, 5))).which).toBe('answer');
    expect(onError).not.toHaveBeenCalled();
    expect(unexpected).not.toHaveBeenCalled();
  });

  it('throws the error that ends the channel meanwhile, and onError is not told', async () => {
    const onError = vi.fn();
    const [a, b] = pair({ onError });
    const pending = a.request(ask(a, 1));
    // Reset, not end of file, where the peer had not read all.
    const lost = coded('EOF|SYSTEM|HOSED_CANNOT_RECEIVE');
    const rejected = expect(pending).rejects.toEqual(lost);
    const iteration = expect(a.messages('bulk').next()).rejects.toEqual(lost);
    b.send(ask(b, 9));
    await b.drained();
    b.close();
    expect(outcome(() => a.syncRequest(ask(a, 1)))).toMatch(/EOF|SYSTEM|HOSED_CANNOT_RECEIVE/);
    await Promise.all([rejected, iteration]);
    expect(onError).not.toHaveBeenCalled();
    // And from then on, it is thrown by everything.
    expect(outcome(() => a.syncRequest(ask(a, 1)))).toBe(a.error!.code);
  });

  it('that fails leaves a response which had come before to who waits for it', async () => {
    const [a, b] = pair();
    const asked = b.message('ask');
    const pending = a.request(ask(a, 1));
    b.send(answer(b, 7), await asked);
    await b.endSending();
    expect(outcome(() => a.syncRequest(ask(a, 1)))).toBe(TransportError.RECEIVES_FINISHED);
    expect(numberOf(await pending)).toBe(7);
  });

  it('needs a channel that was started', () => {
    const [a] = pair({ manualStart: true });
    expect(() => a.syncRequest(ask(a, 1))).toThrow(TypeError);
    expect(a.start()).toBe(true);
    expect(a.start()).toBe(false);
  });
});

it('late responses to requests given up long ago are unexpected ones: memory of them is bounded', async () => {
  const unexpected = vi.fn((m) => m.release());
  const [a, raw] = withRawPeer({ onUnexpectedResponse: unexpected });
  void raw.receive();
  const msg = ask(a, 1);
  for (let i = 0; i < 65537; i++) outcome(() => a.syncRequest(msg, { timeoutMs: 0 }));
  raw.sendBlob(HELLO);
  const respond = (id: number, to: number) => {
    const bytes = new Uint8Array(88);
    bytes.set(metadata([8, id.toString(16).padStart(2, '0')]));
    bytes.set([0x10, 0, 0, 0, 1, 0, 0, 0], 40);
    new DataView(bytes.buffer).setBigUint64(80, BigInt(to), true);
    raw.sendBlob(bytes);
    raw.sendBlob(ASK_BODY);
  };
  respond(1, 1);
  respond(2, 2);
  await vi.waitFor(() => expect(a.counters.lateResponses).toBe(1));
  expect(unexpected).toHaveBeenCalledTimes(1);
});
