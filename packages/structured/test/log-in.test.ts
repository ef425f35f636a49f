// The log-in phases, each deviation with its code (features 83-87).
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isNil, StructError } from '../src/index.js';
import {
  ASK_BODY,
  answer,
  answerAsks,
  ask,
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

it('before it, nothing else may be done, on either side', () => {
  const [client, server] = pair({ logIn: 'client' }, { logIn: 'server' });
  for (const channel of [client, server]) {
    expect(outcome(() => channel.send(ask(channel, 1)))).toBe(StructError.NOT_LOGGED_IN);
    expect(outcome(() => channel.expectMsg('ask', () => {}))).toBe(StructError.NOT_LOGGED_IN);
    expect(outcome(() => channel.expectMsgs('ask', () => {}))).toBe(StructError.NOT_LOGGED_IN);
    expect(outcome(() => channel.messages('ask'))).toBe(StructError.NOT_LOGGED_IN);
    expect(channel.loggedIn).toBe(false);
  }
  expect(outcome(() => server.syncRequest(ask(server, 1)))).toBe(StructError.NOT_LOGGED_IN);
  expect(outcome(() => client.expectLogInRequest('ask', () => {}))).toBe(StructError.NOT_LOGGED_IN);
  expect([isNil(client.sessionToken), isNil(server.sessionToken)]).toEqual([true, false]);
  void client.request(ask(client, 1)).catch(() => {});
  expect(outcome(() => client.asyncRequest(ask(client, 1), () => {}))).toBe(StructError.NOT_LOGGED_IN);
});

it('the request may come before it is expected', async () => {
  const [client, server] = pair({ logIn: 'client' }, { logIn: 'server' });
  const response = client.request(ask(client, 1));
  await turn(10);
  server.expectLogInRequest('ask', (request) => server.send(answer(server, 1), request));
  await response;
  expect(client.sessionToken).toEqual(server.sessionToken);
  // Version and variant of a random UUID.
  expect([client.sessionToken[6]! >> 4, client.sessionToken[8]! >> 6]).toEqual([4, 2]);
  answerAsks(client);
  expect((await server.request(ask(server, 1))).which).toBe('answer');
});

it('a blocking log-in is one, too', async () => {
  const [client, server] = pair({ logIn: 'client' }, { logIn: 'server' });
  // Same thread: the response is made by a message that comes while the client blocks.
  server.expectLogInRequest('ask', (request) => server.send(answer(server, 1), request));
  expect(outcome(() => client.syncRequest(ask(client, 1), { timeoutMs: 1 }))).toMatch(/TIMEOUT/);
  await turn(10);
  expect(client.loggedIn).toBe(true);
  expect(client.counters.lateResponses).toBe(1);
});

it('is expected once, and of the kind that came', async () => {
  const onError = vi.fn();
  const [client, server] = pair({ logIn: 'client' }, { logIn: 'server', onError });
  server.expectLogInRequest('answer', () => {});
  expect(outcome(() => server.expectLogInRequest('answer', () => {}))).toBe(StructError.ALREADY_EXPECTED);
  void client.request(ask(client, 1)).catch(() => {});
  await turn(10);
  expect(onError).toHaveBeenCalledExactlyOnceWith(coded('GOT_UNEXPECTED_LOG_IN_REQUEST'));
  const [early, late] = pair({ logIn: 'client' }, { logIn: 'server', onError });
  void early.request(ask(early, 1)).catch(() => {});
  await turn(10);
  late.expectLogInRequest('answer', () => {});
  expect(onError).toHaveBeenCalledTimes(2);
  expect(late.error).toEqual(coded('GOT_UNEXPECTED_LOG_IN_REQUEST'));
});

describe('a peer that does not keep to it ends the channel:', () => {
  /** Metadata of a response: to `origin`, with a token that begins with `token`. */
  function response(origin: number, token: number): Uint8Array {
    const bytes = new Uint8Array(88);
    bytes.set(metadata([40, '1000000001000000']));
    bytes[64] = token;
    bytes[80] = origin;
    return bytes;
  }

  it.each([
    ['client', 'a response before the request', false, response(1, 1), 'LOG_IN_MISUSED_SCHEMA'],
    ['client', 'a response to something else', true, response(2, 1), 'LOG_IN_MISUSED_SCHEMA'],
    ['client', 'a notification', true, metadata([64, '01']), 'LOG_IN_MISUSED_SCHEMA'],
    ['client', 'a nil token', true, response(1, 0), 'BAD_AUTH'],
    ['server', 'a response', false, response(1, 0), 'LOG_IN_MISUSED_SCHEMA'],
    ['server', 'a token already', false, metadata([64, '01']), 'BAD_AUTH'],
    ['server', 'another first id', false, metadata([8, '02']), 'LOG_IN_MISUSED_SCHEMA'],
  ] as const)('%s: %s', async (logIn, _, request, bytes, code) => {
    const onError = vi.fn();
    const [channel, raw] = withRawPeer({ logIn, onError });
    if (request) void channel.request(ask(channel, 1)).catch(() => {});
    await turn();
    raw.sendBlob(HELLO);
    raw.sendBlob(bytes);
    raw.sendBlob(ASK_BODY);
    await turn(20);
    expect(onError).toHaveBeenCalledExactlyOnceWith(coded(code));
  });

  it('server: a second message before the answer', async () => {
    const onError = vi.fn();
    const [, raw] = withRawPeer({ logIn: 'server', onError });
    raw.sendBlob(HELLO);
    for (const id of ['01', '02']) {
      raw.sendBlob(metadata([8, id]));
      raw.sendBlob(ASK_BODY);
    }
    await turn(20);
    expect(onError).toHaveBeenCalledExactlyOnceWith(coded('LOG_IN_MISUSED_SCHEMA'));
  });
});

it('further channels share the token, and refuse others', async () => {
  const token = new Uint8Array(16).fill(7);
  const [a, b] = pair({ sessionToken: token }, { sessionToken: token });
  answerAsks(b);
  expect((await a.request(ask(a, 1))).which).toBe('answer');
  expect(() => pair({ sessionToken: new Uint8Array(15) })).toThrow(TypeError);
  expect(() => pair({ sessionToken: token, logIn: 'client' })).toThrow(TypeError);
  expect(() => pair({ logIn: 'both' as 'client' })).toThrow(TypeError);
});
