import { openSync, readdirSync } from 'node:fs';
import { NativeHandle } from '@flow-ipc/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { StructError, StructuredChannel } from '../src/index.js';
import { Ask, type Body } from './generated/test-body.capnp.js';
import {
  answer,
  answerAsks,
  ask,
  channels,
  closeAll,
  coded,
  HELLO,
  pair,
  turn,
  withRawPeer,
} from './harness.js';

afterEach(closeAll);

describe('requests', () => {
  it('get their response, whatever the order', async () => {
    const [a, b] = pair();
    answerAsks(b);
    const responses = await Promise.all([1, 2, 3].map((n) => a.request(ask(a, n))));
    expect(responses.map((r) => r.body.answer.numberNumber)).toEqual([2, 3, 4]);
    expect(responses.map((r) => [r.which, r.originatingId])).toEqual([
      ['answer', 1],
      ['answer', 2],
      ['answer', 3],
    ]);
  });

  it('give up after a time, and the late response is dropped', async () => {
    const unexpected = vi.fn();
    const [a, b] = pair({ onUnexpectedResponse: unexpected }, { onRemoteUnexpectedResponse: unexpected });
    const late = new Promise<void>((resolve) => {
      b.expectMsg('ask', async (request) => {
        await turn(60);
        b.send(answer(b, 1), request);
        resolve();
      });
    });
    await expect(a.request(ask(a, 1), { timeoutMs: 20 })).rejects.toEqual(coded('TIMEOUT'));
    await late;
    await turn(20);
    expect(unexpected).not.toHaveBeenCalled();
    answerAsks(b);
    expect((await a.request(ask(a, 5))).body.answer.number).toBe(6n);
  });

  it('give up with their signal', async () => {
    const [a] = pair();
    const abort = new AbortController();
    const pending = a.request(ask(a, 1), { signal: abort.signal });
    abort.abort(new Error('why'));
    await expect(pending).rejects.toMatchObject({ name: 'AbortError', cause: { message: 'why' } });
    await expect(a.request(ask(a, 1), { signal: abort.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('are rejected when the peer goes', async () => {
    const onError = vi.fn();
    const [a, b] = pair({ onError });
    const pending = a.request(ask(a, 1));
    b.close();
    await expect(pending).rejects.toEqual(coded('EOF'));
    expect(onError).toHaveBeenCalledTimes(1);
    expect(() => a.send(ask(a, 1))).toThrow(coded('EOF'));
  });
});

describe('messages', () => {
  it('that nobody expects are kept, by kind and in order', async () => {
    const [a, b] = pair();
    for (const n of [1, 2]) a.send(ask(a, n));
    a.send(answer(a, 9));
    a.send(ask(a, 3));
    await turn(20);
    const got: number[] = [];
    b.expectMsg('answer', (m) => got.push(m.body.answer.numberNumber));
    b.expectMsg('ask', (m) => got.push(m.body.ask.numberNumber));
    b.expectMsgs('ask', (m) => got.push(m.body.ask.numberNumber));
    expect(got).toEqual([9, 1, 2, 3]);
    expect(() => b.expectMsg('ask', () => {})).toThrow(coded('ALREADY_EXPECTED'));
    expect(b.undoExpectMsgs('ask')).toBe(true);
    expect(b.undoExpectMsgs('ask')).toBe(false);
    a.send(ask(a, 4));
    await turn(20);
    expect(got).toHaveLength(4);
    b.expectMsgs('ask', (m) => got.push(m.body.ask.numberNumber));
    expect(got.at(-1)).toBe(4);
  });

  it('are iterated until the peer ends in good order', async () => {
    const [a, b] = pair();
    for (let n = 0; n < 100; n++) a.send(ask(a, n));
    void a.endSending();
    const got: number[] = [];
    for await (using message of b.messages('ask')) got.push(message.body.ask.numberNumber);
    expect(got).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  it('iteration throws when the peer is lost, and stops with its signal', async () => {
    const [a, b] = pair();
    const lost = b.messages('ask').next();
    a.close();
    await expect(lost).rejects.toEqual(coded('EOF'));
    const [, d] = pair();
    const aborted = d.messages('ask', { signal: AbortSignal.timeout(10) }).next();
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    const late = d.messages('ask', { signal: AbortSignal.abort() }).next();
    await expect(late).rejects.toMatchObject({ name: 'AbortError' });
    const again = d.messages('ask');
    expect(() => d.messages('ask')).toThrow(coded('ALREADY_EXPECTED'));
    await again.return!();
    expect(await again.next()).toEqual({ done: true, value: undefined });
  });

  it('beyond the limit of what may be kept end the channel', async () => {
    const onError = vi.fn();
    const [a, b] = pair({}, { maxCachedMessages: 10, onError });
    for (let n = 0; n < 11; n++) a.send(ask(a, n));
    await turn(20);
    expect(onError).toHaveBeenCalledWith(coded('CACHE_LIMIT'));
    expect(b.error).toEqual(coded('CACHE_LIMIT'));
  });

  it('may be sent again, changed, and on another channel', async () => {
    const [a, b] = pair();
    const [c, d] = pair();
    const msg = ask(a, 1);
    a.send(msg);
    msg.body.ask.number = 2;
    a.send(msg);
    c.send(msg);
    const got: number[] = [];
    const note = (m: { body: Body.Reader }) => got.push(m.body.ask.numberNumber);
    b.expectMsgs('ask', note);
    d.expectMsgs('ask', note);
    await turn(20);
    expect(got).toEqual([1, 2, 2]);
    msg.release();
    expect(() => a.send(msg)).toThrow(coded('RELEASED'));
  });

  it('of many segments arrive whole, and a leaf beyond a segment is refused without harm', async () => {
    const [a, b] = pair();
    const data = Uint8Array.from({ length: 60_000 }, (_, i) => i * 13);
    const big = a.buildMsg((body) => {
      const parts = body.initBulk().initParts(50);
      for (let i = 0; i < 50; i++) parts.set(i, data);
    });
    a.send(big);
    const tooBig = a.buildMsg((body) => (body.initBulk().data = new Uint8Array(70_000)));
    expect(() => a.send(tooBig)).toThrow(coded('LEAF_TOO_BIG'));
    const first = await b.messages('bulk').next();
    const { parts } = first.value!.body.bulk;
    expect(parts.length).toBe(50);
    for (let i = 0; i < 50; i++) expect(Buffer.compare(parts.at(i), data)).toBe(0);
    answerAsks(b);
    expect((await a.request(ask(a, 1))).body.answer.number).toBe(2n);
  });

  it('carry a descriptor, which is closed with the message unless taken', async () => {
    const before = readdirSync('/proc/self/fd').length;
    const [a, b] = pair();
    for (let i = 0; i < 3; i++) {
      using msg = ask(a, i);
      if (i !== 1) msg.nativeHandle = new NativeHandle(openSync('/dev/null', 'r'));
      a.send(msg);
    }
    const taken: (NativeHandle | null)[] = [];
    for await (using message of b.messages('ask')) {
      expect(message.nativeHandle !== null).toBe(message.id !== 2);
      if (message.id === 3) taken.push(message.takeNativeHandle());
      if (message.id === 3) break;
    }
    expect(taken[0]!.fd).toBeGreaterThan(0);
    taken[0]!.close();
    closeAll();
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it("a handler's exception is the program's, not the channel's", async () => {
    const [a, b] = pair();
    const raised = new Promise((resolve) => process.once('uncaughtException', resolve));
    const others = process.listeners('uncaughtException').slice(0, -1);
    for (const l of others) process.off('uncaughtException', l);
    b.expectMsg('ask', () => {
      throw new Error('mine');
    });
    a.send(ask(a, 1));
    expect(await raised).toMatchObject({ message: 'mine' });
    for (const l of others) process.on('uncaughtException', l);
    answerAsks(b);
    expect((await a.request(ask(a, 1))).body.answer.number).toBe(2n);
  });
});

it('an unexpected response is told to both sides', async () => {
  const local = vi.fn((m) => m.release());
  const remote = vi.fn();
  const [a, b] = pair({ onUnexpectedResponse: local }, { onRemoteUnexpectedResponse: remote });
  b.expectMsg('ask', (request) => {
    b.send(answer(b, 1), request);
    b.send(answer(b, 2), request);
  });
  await a.request(ask(a, 7));
  await turn(20);
  expect(local).toHaveBeenCalledTimes(1);
  expect(remote).toHaveBeenCalledWith(2, expect.stringContaining('message 2'));
  expect(a.error ?? b.error).toBeUndefined();
});

describe('log-in', () => {
  it('hands the token over', async () => {
    const [client, server] = pair({ logIn: 'client' }, { logIn: 'server' });
    expect(() => client.send(ask(client, 1))).toThrow(coded('NOT_LOGGED_IN'));
    expect(() => server.send(ask(server, 1))).toThrow(coded('NOT_LOGGED_IN'));
    server.expectLogInRequest('ask', (request) => server.send(answer(server, 1), request));
    await client.request(ask(client, 1));
    expect(client.loggedIn && server.loggedIn).toBe(true);
    expect(Buffer.compare(client.sessionToken, server.sessionToken)).toBe(0);
    answerAsks(server);
    expect((await client.request(ask(client, 2))).body.answer.number).toBe(3n);
  });

  it('with another kind of request is refused', async () => {
    const onError = vi.fn();
    const [client, server] = pair({ logIn: 'client' }, { logIn: 'server', onError });
    server.expectLogInRequest('answer', () => {});
    await expect(client.request(ask(client, 1))).rejects.toEqual(coded('EOF'));
    expect(onError).toHaveBeenCalledWith(coded('UNEXPECTED_LOG_IN_REQUEST'));
  });

  it('with a token already, or none given, is refused', async () => {
    const onError = vi.fn();
    const [client, server] = pair({ sessionToken: new Uint8Array(16).fill(1) }, { logIn: 'server', onError });
    server.expectLogInRequest('ask', () => {});
    client.send(ask(client, 1));
    await turn(20);
    expect(onError).toHaveBeenCalledWith(coded('BAD_AUTH'));
    const [nilClient, nilServer] = pair({ logIn: 'client' }, {});
    nilServer.expectMsg('ask', (request) => nilServer.send(answer(nilServer, 1), request));
    await expect(nilClient.request(ask(nilClient, 1))).rejects.toEqual(coded('BAD_AUTH'));
  });
});

describe('a peer that breaks the protocol ends the channel:', () => {
  const METADATA =
    '0000000003000300010000000000000001000000000000000000000000000000080000000000010000000000000000000000000000000000000000000200000000000000000000000000000000000000';
  const BODY = '0000000001000100000000000000000000000000010000002a00000000000000';
  const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
  const patched = (hex: string, at: number, value: string) =>
    hex.slice(0, at * 2) + value + hex.slice(at * 2 + value.length);

  it.each<[string, Uint8Array[], string]>([
    ['no negotiation', [bytes(METADATA)], 'VER_INVALID|VER_TOO_OLD'],
    ['a gap in the ids', [HELLO, bytes(patched(METADATA, 8, '02'))], 'MISUSED_SCHEMA'],
    ['a user message with id 0', [HELLO, bytes(patched(METADATA, 8, '00'))], 'MISUSED_SCHEMA'],
    ['no body segments', [HELLO, bytes(patched(METADATA, 16, '00'))], 'MISUSED_SCHEMA'],
    ['a foreign token', [HELLO, bytes(patched(METADATA, 64, '07'))], 'BAD_AUTH'],
    [
      'a body that is not whole words',
      [HELLO, bytes(METADATA), Uint8Array.of(1, 2, 3)],
      'SEGMENT_MISALIGNED',
    ],
    ['a wild root pointer', [HELLO, bytes(METADATA), bytes('f0ffff7f01000100')], 'DESERIALIZE_FAILED'],
    [
      'garbage for metadata',
      [HELLO, new Uint8Array(80).fill(255)],
      'MISUSED_SCHEMA|INTERNAL_MSG_TYPE_UNKNOWN',
    ],
    [
      'an internal message of no kind',
      [HELLO, bytes(patched(METADATA, 24, '01'))],
      'INTERNAL_MSG_TYPE_UNKNOWN',
    ],
  ])('%s', async (_, frames, code) => {
    const onError = vi.fn();
    const [, raw] = withRawPeer({ onError });
    for (const frame of frames) raw.sendBlob(frame);
    await turn(20);
    expect(onError).toHaveBeenCalledTimes(1);
    expect(onError.mock.calls[0]![0].code).toMatch(new RegExp(`(${code})$`));
  });

  it('a descriptor with a body segment, which is closed', async () => {
    const before = readdirSync('/proc/self/fd').length;
    const onError = vi.fn();
    const [, raw] = withRawPeer({ onError });
    raw.sendBlob(HELLO);
    raw.sendBlob(bytes(METADATA));
    {
      using handle = new NativeHandle(openSync('/dev/null', 'r'));
      raw.sendNativeHandle(handle, bytes(BODY));
    }
    await turn(20);
    expect(onError).toHaveBeenCalledWith(coded('GOT_HNDL'));
    closeAll();
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('but a well-formed one is understood', async () => {
    const [channel, raw] = withRawPeer();
    raw.sendBlob(HELLO);
    raw.sendBlob(bytes(METADATA));
    raw.sendBlob(bytes(BODY));
    const { value } = await channel.messages('ask').next();
    expect(value!.which).toBe('ask');
  });
});

it('an orderly close does not wait for ever for a peer that reads nothing', async () => {
  const [channel] = withRawPeer();
  const big = channel.buildMsg((body) => (body.initBulk().data = new Uint8Array(60_000)));
  for (let i = 0; i < 20; i++) channel.send(big);
  await turn();
  expect(channel.queuedBytes).toBeGreaterThan(0);
  await channel.closeGracefully(50);
  expect(channel.error).toEqual(coded('OBJECT_SHUTDOWN_ABORTED_COMPLETION_HANDLER'));
});

it('a type without a union is refused at once', () => {
  const [a] = channels();
  expect(() => new StructuredChannel(a, Ask)).toThrow(TypeError);
  expect(StructError.BAD_AUTH).toMatch(/^ERR_FLOW_IPC_/);
});
