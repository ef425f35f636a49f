// The sync_io pattern: the user's poll loop drives everything, cached messages are results (feature 121).
import { Channel, NativeSocketStream, TransportError } from '@flow-ipc/core';
import { EpollEventLoop, type EventWaitHandle, EventWaitLoop, WOULD_BLOCK } from '@flow-ipc/core/sync-io';
import { pollFd, READABLE, WRITABLE } from '@flow-ipc/native';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EngineOptions } from '../src/engine.js';
import { StructError } from '../src/index.js';
import { StructuredChannel } from '../src/sync-io/index.js';
import { Body } from './generated/test-body.capnp.js';
import { closeAll, coded, keep, outcome } from './harness.js';

afterEach(closeAll);

type SyncChannel = StructuredChannel<typeof Body>;

/** A poll loop as a user may have one: descriptors, directions, tasks. */
class Poller {
  readonly #waits = new Map<string, { fd: number; events: number; task: () => void }>();
  readonly eventWait = (handle: EventWaitHandle, direction: 'rcv' | 'snd', task: () => void): void => {
    const events = direction === 'rcv' ? READABLE : WRITABLE;
    this.#waits.set(`${handle.fd} ${direction}`, { fd: handle.fd, events, task });
  };

  get size(): number {
    return this.#waits.size;
  }

  /** Runs what is ready, round after round, until nothing is. */
  poll(): void {
    for (let found = true; found; ) {
      found = false;
      for (const [key, { fd, events, task }] of [...this.#waits]) {
        if (pollFd(fd, events, 0) <= 0) continue;
        found = this.#waits.delete(key);
        task();
      }
    }
  }
}

interface End {
  channel: SyncChannel;
  start(onError?: (error: Error) => void): void;
}

function pair(poller: Poller, a: EngineOptions = {}, b: EngineOptions = {}): [End, End] {
  const [x, y] = NativeSocketStream.pair();
  return [end(poller, x, a), end(poller, y, b)];
}

function end(poller: Poller, fd: number, options: EngineOptions): End {
  const loop = new EventWaitLoop();
  const stream = new NativeSocketStream(fd, { loop });
  const channel = keep(new StructuredChannel(new Channel(stream), Body, options, loop));
  const start = (onError?: (error: Error) => void) => {
    expect(channel.startAndPoll(onError)).toBe(false);
    expect(channel.startOps(poller.eventWait)).toBe(true);
    expect(channel.startOps(poller.eventWait)).toBe(false);
    expect(channel.replaceEventWaitHandles((fd) => ({ fd }))).toBe(false);
    expect(channel.startAndPoll(onError)).toBe(true);
    expect(channel.startAndPoll(onError)).toBe(false);
  };
  return { channel, start };
}

const ask = (channel: SyncChannel, number: number) => channel.buildMsg('ask', (x) => (x.number = number));
const answer = (channel: SyncChannel, number: number) =>
  channel.buildMsg('answer', (x) => (x.number = number));

describe('driven by a poll loop of the user', () => {
  it('requests are answered, and nothing happens but when it polls', () => {
    const poller = new Poller();
    const [a, b] = pair(poller);
    a.start();
    b.start();
    const served: bigint[] = [];
    expect(
      b.channel.expectMsgs('ask', (request) => {
        served.push(request.body.ask.number);
        b.channel.send(answer(b.channel, request.body.ask.numberNumber * 2), request);
      }),
    ).toEqual([]);
    const got: number[] = [];
    const id = a.channel.asyncRequest(ask(a.channel, 4), (r) => {
      if (r.is('answer')) got.push(r.body.answer.numberNumber);
    });
    expect([id, served, got]).toEqual([1, [], []]);
    poller.poll();
    expect([served, got]).toEqual([[4n], [8]]);
    expect(a.channel.undoExpectResponses(id)).toBe(false);
  });

  it('cached messages are results, not calls', () => {
    const poller = new Poller();
    const [a, b] = pair(poller);
    for (let n = 0; n < 5; n++) a.channel.send(ask(a.channel, n));
    a.channel.send(answer(a.channel, 9));
    a.start();
    // What came before is handled from within.
    b.start();
    expect(b.channel.counters.cachedMessages).toBe(6);
    const handler = vi.fn();
    const one = b.channel.expectMsg('ask', handler);
    expect(one!.body.ask.number).toBe(0n);
    // It was met at once, so it does not stand.
    const rest = b.channel.expectMsgs('ask', handler);
    expect(rest.map((m) => m.body.ask.numberNumber)).toEqual([1, 2, 3, 4]);
    expect(outcome(() => b.channel.expectMsg('ask', handler))).toBe(StructError.ALREADY_EXPECTED);
    expect(handler).not.toHaveBeenCalled();
    a.channel.send(ask(a.channel, 5));
    poller.poll();
    expect(handler).toHaveBeenCalledTimes(1);
    expect(b.channel.undoExpectMsgs('ask')).toBe(true);
    expect(b.channel.undoExpectMsgs('ask')).toBe(false);
    expect(b.channel.expectMsg('bulk', handler)).toBeUndefined();
  });

  it('log-in: the request may be there already, or come later', () => {
    for (const early of [true, false]) {
      const poller = new Poller();
      const [client, server] = pair(poller, { logIn: 'client' }, { logIn: 'server' });
      client.start();
      server.start();
      const logIn = () => client.channel.asyncRequest(ask(client.channel, 1), () => {});
      if (early) logIn();
      poller.poll();
      const handler = vi.fn((request) => server.channel.send(answer(server.channel, 1), request));
      const request = server.channel.expectLogInRequest('ask', handler);
      if (early) handler(request!);
      else logIn();
      poller.poll();
      expect(handler).toHaveBeenCalledTimes(1);
      expect(client.channel.loggedIn && server.channel.loggedIn).toBe(true);
      expect(outcome(() => server.channel.expectLogInRequest('ask', handler))).toBe(
        StructError.NOT_LOGGED_IN,
      );
    }
  });

  it('ending: at once, or later when the kernel has not taken all', () => {
    const poller = new Poller();
    const [a, b] = pair(poller);
    a.start();
    const onError = vi.fn();
    b.start(onError);
    const done = vi.fn();
    const big = a.channel.buildMsg('bulk', (x) => (x.data = new Uint8Array(60_000)));
    for (let i = 0; i < 20; i++) a.channel.send(big);
    expect(a.channel.asyncEndSending(done)).toBe(WOULD_BLOCK);
    expect(a.channel.asyncEndSending(done)).toBe(false);
    expect(a.channel.endSending()).toBe(false);
    expect(outcome(() => a.channel.send(big))).toBe(TransportError.SENDS_FINISHED);
    expect(done).not.toHaveBeenCalled();
    poller.poll();
    expect(done).toHaveBeenCalledExactlyOnceWith(undefined);
    expect(b.channel.counters.cachedMessages).toBe(20);
    expect(onError).toHaveBeenCalledExactlyOnceWith(coded('RECEIVES_FINISHED_CANNOT_RECEIVE'));
    expect(b.channel.asyncEndSending(done)).toBe(false);
    const [c, d] = pair(poller);
    c.start();
    d.start();
    expect(c.channel.asyncEndSending(done)).toBe(true);
    expect(done).toHaveBeenCalledTimes(1);
  });

  it('a peer that is lost is told once', () => {
    const poller = new Poller();
    const [a, b] = pair(poller);
    const onError = vi.fn();
    a.start(onError);
    b.start();
    poller.poll();
    b.channel.close();
    poller.poll();
    expect(onError).toHaveBeenCalledExactlyOnceWith(coded('EOF'));
    expect(outcome(() => a.channel.send(ask(a.channel, 1)))).toBe(TransportError.EOF);
  });
});

it('driven by an epoll loop, there is nothing to start but the channel', () => {
  using loop = new EpollEventLoop();
  const [x, y] = NativeSocketStream.pair();
  const make = (fd: number) =>
    keep(new StructuredChannel(new Channel(new NativeSocketStream(fd, { loop })), Body));
  const [a, b] = [make(x), make(y)];
  expect(a.startOps(() => {})).toBe(false);
  expect(a.startAndPoll() && b.startAndPoll()).toBe(true);
  b.expectMsgs('ask', (request) => b.send(answer(b, request.body.ask.numberNumber + 1), request));
  let got = 0;
  const next = (n: number) =>
    a.asyncRequest(ask(a, n), (r) => {
      if (r.is('answer')) got = r.body.answer.numberNumber;
      if (got < 1000) next(got);
      else loop.stop();
    });
  next(0);
  loop.run();
  expect(got).toBe(1000);
  closeAll();
});
