// The sync_io pattern: the user's poll loop drives everything, cached messages are results (feature 121).
import { openSync } from 'node:fs';
import { BipcMqHandle, Channel, NativeHandle, NativeSocketStream, TransportError } from '@flow-ipc/core';
import {
  BlobStreamMqReceiver,
  BlobStreamMqSender,
  EpollEventLoop,
  type EventWaitHandle,
  EventWaitLoop,
  Channel as SyncIoChannel,
  NativeSocketStream as SyncIoStream,
  WOULD_BLOCK,
} from '@flow-ipc/core/sync-io';
import { pollFd, READABLE, WRITABLE } from '@flow-ipc/native';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EngineOptions } from '../src/engine.js';
import { StructError } from '../src/index.js';
import { StructuredChannel } from '../src/sync-io/index.js';
import { Ask, Body } from './generated/test-body.capnp.js';
import { closeAll, coded, keep, openDescriptors, outcome } from './harness.js';

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

type Make = (options: EngineOptions) => SyncChannel;

/** Both ends of a new connection, each yet to be made. */
const FORMS: [string, () => [Make, Make]][] = [
  [
    'a channel whose pipes were made with an EventWaitLoop',
    () =>
      NativeSocketStream.pair().map(
        (fd): Make =>
          (options) => {
            const loop = new EventWaitLoop();
            const channel = new Channel(new NativeSocketStream(fd, { loop }));
            return new StructuredChannel(channel, Body, options, loop);
          },
      ) as [Make, Make],
  ],
  [
    'a channel of the sync_io pattern over a socket',
    () =>
      NativeSocketStream.pair().map(
        (fd): Make =>
          (options) => {
            const pipe = new SyncIoStream(fd);
            const channel = new SyncIoChannel({ handles: { sender: pipe, receiver: pipe } });
            return new StructuredChannel(channel, Body, options);
          },
      ) as [Make, Make],
  ],
];

function pairOf(
  make: [Make, Make],
  poller: Poller,
  a: EngineOptions = {},
  b: EngineOptions = {},
): [End, End] {
  return [end(poller, make[0], a), end(poller, make[1], b)];
}

function end(poller: Poller, make: Make, options: EngineOptions): End {
  const channel = keep(make(options));
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

describe.each(FORMS)('driven by a poll loop of the user, %s', (_, connect) => {
  const pair = (poller: Poller, a?: EngineOptions, b?: EngineOptions) => pairOf(connect(), poller, a, b);

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

  it("a handler's exception comes out of the task that called it, and the channel goes on", () => {
    const poller = new Poller();
    const [a, b] = pair(poller);
    a.start();
    b.start();
    const served: bigint[] = [];
    b.channel.expectMsgs('ask', (request) => {
      served.push(request.body.ask.number);
      if (served.length === 1) throw new Error('mine');
    });
    for (let n = 0; n < 3; n++) a.channel.send(ask(a.channel, n));
    expect(() => poller.poll()).toThrow('mine');
    poller.poll();
    expect(served).toEqual([0n, 1n, 2n]);
    expect(b.channel.error).toBeUndefined();
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

describe('a channel of the sync_io pattern', () => {
  const syncIo = (fd: number) => {
    const pipe = new SyncIoStream(fd);
    return new SyncIoChannel({ handles: { sender: pipe, receiver: pipe } });
  };

  it('of queues and a socket is taken over with all its pipes', async () => {
    const poller = new Poller();
    const name = `_flowipc_sync_${process.pid}`;
    const there = BipcMqHandle.create(`${name}_there`, { maxMessages: 5, maxMsgSize: 2048 });
    const back = BipcMqHandle.create(`${name}_back`, { maxMessages: 5, maxMsgSize: 2048 });
    const out = [there, BipcMqHandle.open(`${name}_back`)];
    const into = [back, BipcMqHandle.open(`${name}_there`)];
    const [a, b] = NativeSocketStream.pair().map((fd, i) => {
      const stream = new SyncIoStream(fd);
      const channel = new SyncIoChannel({
        handles: { sender: stream, receiver: stream },
        blobs: { sender: new BlobStreamMqSender(out[i]!), receiver: new BlobStreamMqReceiver(into[i]!) },
      });
      const made = keep(new StructuredChannel(channel, Body));
      expect(made.startOps(poller.eventWait)).toBe(true);
      expect(made.startAndPoll()).toBe(true);
      return made;
    }) as [SyncChannel, SyncChannel];
    expect(b.ownedChannel.blobSender).toBeDefined();
    const got: number[] = [];
    b.expectMsgs('ask', (request) => got.push(request.body.ask.numberNumber));
    for (let n = 0; n < 20; n++) {
      using message = a.buildMsg('ask', (body) => (body.number = n));
      if (n % 4 === 0) message.nativeHandle = new NativeHandle(openSync('/dev/null', 'r'));
      a.send(message);
    }
    // Where a queue is full, a thread waits for room in it.
    await vi.waitFor(
      () => {
        poller.poll();
        expect(got).toEqual(Array.from({ length: 20 }, (_, n) => n));
      },
      { timeout: 20_000, interval: 5 },
    );
  });

  it('is refused once it was started, and closed when nothing can be made of it', () => {
    const before = openDescriptors();
    const [x, y] = NativeSocketStream.pair().map(syncIo);
    const poller = new Poller();
    x!.startSendOps(poller.eventWait);
    expect(() => new StructuredChannel(x!, Body)).toThrow(/was not started/);
    expect(() => new StructuredChannel(y!, Ask as never)).toThrow(TypeError);
    x!.close();
    expect(openDescriptors()).toBe(before);
  });
});
