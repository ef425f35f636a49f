// A stream's states, its receiving into the caller's memory, how errors of one direction touch the other, its timers.
import { openSync, readdirSync, readlinkSync } from 'node:fs';
import { closeFd, recv, replaceFd, send, setSocketBuffers } from '@flow-ipc/native';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type EventLoop,
  type FlowIpcError,
  NativeHandle,
  NativeSocketStream,
  NativeSocketStreamAcceptor,
  socketStreamChannel,
  waitForPipes,
} from '../src/index.js';
import { EpollEventLoop, NativeSocketStreamAcceptor as SyncIoAcceptor } from '../src/sync-io/index.js';

const open: { close(): void }[] = [];
const keep = <T extends { close(): void }>(x: T): T => {
  open.push(x);
  return x;
};
afterEach(() => {
  for (const x of open.splice(0)) x.close();
});
const coded = (code: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_${code}` });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const name = (what: string) => `flowipc_test_${process.pid}_${what}`;

/** A channel, and the bare descriptor at its other end. */
function rawPair() {
  const [a, raw] = NativeSocketStream.pair();
  const stream = new NativeSocketStream(a);
  let there = true;
  const hangUp = () => {
    if (there) closeFd(raw);
    there = false;
  };
  keep({ close: hangUp });
  return { stream, channel: keep(socketStreamChannel(stream)), raw, hangUp };
}
const rawSend = (fd: number, ...bytes: number[]) =>
  send(fd, Uint8Array.from(bytes), 0, bytes.length, null, 0, 0, -1);

/** Descriptors of this process that are sockets. */
const sockets = () =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:') ? [Number(fd)] : [];
    } catch {
      return [];
    }
  });

/** Everything that can be read now. */
function rawRead(fd: number): string {
  const buffer = Buffer.alloc(1 << 20);
  let have = 0;
  for (let n = recv(fd, buffer, 0, buffer.length); n > 0; n = recv(fd, buffer, have, buffer.length - have))
    have += n;
  return buffer.toString('hex', 0, have);
}

describe('NULL state', () => {
  it('can be asked, and does nothing else', () => {
    const stream = keep(new NativeSocketStream({ nickname: 'nobody' }));
    expect(stream.isPeer).toBe(false);
    expect([stream.maxSendSize, stream.maxReceiveSize, stream.queuedBytes, stream.pollFd]).toEqual([
      0, 0, 0, -1,
    ]);
    expect(stream.counters).toMatchObject({ messagesSent: 0, receiveCalls: 0, crossings: 0 });
    expect(String(stream)).toBe('NativeSocketStream[nobody]@none');
    const sink = { onMessage() {}, onEnd() {} };
    for (const use of [
      () => stream.send(Uint8Array.of(1)),
      () => stream.startSend(),
      () => stream.startReceive(sink),
      () => stream.endSending(),
      () => stream.autoPing(),
      () => stream.idleTimerRun(),
      () => stream.remotePeerProcessCredentials,
      () => stream.release(),
    ])
      expect(use).toThrow(coded('NOT_CONNECTED'));
  });

  it('lasts until a connect succeeds, however often it fails', async () => {
    const stream = keep(new NativeSocketStream());
    for (let i = 0; i < 3; i++) expect(() => stream.syncConnect(name('retry'))).toThrow(/ECONNREFUSED/);
    const acceptor = keep(new NativeSocketStreamAcceptor(name('retry')));
    expect(stream.syncConnect(name('retry'))).toBe(true);
    expect(stream.isPeer).toBe(true);
    expect(stream.syncConnect(name('retry'))).toBe(false);
    expect(stream.maxSendSize).toBe(65_534);
    keep(await acceptor.accept());
    stream.close();
    expect(stream.isPeer).toBe(true);
    expect(() => stream.syncConnect(name('retry'))).toThrow(
      coded('OBJECT_SHUTDOWN_ABORTED_COMPLETION_HANDLER'),
    );
  });

  it('adopts only a connected socket, and closes what it cannot adopt', () => {
    const file = openSync('/dev/null', 'r');
    expect(() => new NativeSocketStream(file)).toThrow(/ENOTSOCK/);
    expect(() => closeFd(file)).toThrow(/EBADF/);
  });

  it('hands an un-started connection over', () => {
    const [a, b] = NativeSocketStream.pair();
    keep({ close: () => closeFd(b) });
    const stream = new NativeSocketStream(a);
    expect(stream.release()).toBe(a);
    expect(stream.closed).toBe(true);
    const again = keep(new NativeSocketStream(a));
    again.startSend();
    expect(() => again.release()).toThrow(/started/);
  });
});

describe('receiving into memory of the caller', () => {
  it('copies the message there, and says how long it was', async () => {
    const { channel, raw } = rawPair();
    const target = new Uint8Array(8).fill(9);
    const received = channel.receiveInto(target);
    rawSend(raw, 1, 0, 3, 0, 1, 2, 3, 2, 0, 7, 7);
    expect(await received).toEqual({ size: 3, handle: null });
    expect([...target]).toEqual([1, 2, 3, 9, 9, 9, 9, 9]);
    expect((await channel.receiveInto(target.subarray(0, 2))).size).toBe(2);
    expect([...target.subarray(0, 3)]).toEqual([7, 7, 3]);
  });

  it.each([true, false])('ends with a message that is longer (waiting: %s)', async (waiting) => {
    const { channel, raw } = rawPair();
    const bytes = [1, 0, 3, 0, 1, 2, 3, 1, 0, 5];
    if (!waiting) {
      rawSend(raw, ...bytes);
      channel.idleTimerRun(60_000); // starts receiving
      await pause(20);
    }
    const target = new Uint8Array(2);
    const received = channel.receiveInto(target);
    if (waiting) rawSend(raw, ...bytes);
    await expect(received).rejects.toEqual(coded('MESSAGE_SIZE_EXCEEDS_USER_STORAGE'));
    await expect(channel.receive()).rejects.toEqual(coded('MESSAGE_SIZE_EXCEEDS_USER_STORAGE'));
    expect([...target]).toEqual([0, 0]);
    channel.sendBlob(Uint8Array.of(1)); // the other direction goes on
  });
});

describe('errors', () => {
  it('of the connection end both directions, those of the protocol one', async () => {
    const lost = rawPair();
    const gone = lost.channel.receiveBlob();
    lost.hangUp();
    await expect(gone).rejects.toEqual(coded('EOF'));
    expect(() => lost.channel.sendBlob(Uint8Array.of(1))).toThrow(
      coded('LOW_LVL_TRANSPORT_HOSED_CANNOT_SEND'),
    );
    const broken = rawPair();
    const wrong = broken.channel.receiveBlob();
    rawSend(broken.raw, 0, 0);
    await expect(wrong).rejects.toEqual(coded('PROTOCOL_NEGOTIATION_OPPOSING_VER_INVALID'));
    broken.channel.sendBlob(Uint8Array.of(1));
    await broken.channel.drained();
    expect(rawRead(broken.raw)).toBe('0100010001');
  });

  it('of sending end receiving too, after what had come', async () => {
    const { channel, stream, raw, hangUp } = rawPair();
    rawSend(raw, 1, 0, 1, 0, 8);
    const first = channel.receiveBlob();
    stream.startSend();
    await channel.drained();
    const second = channel.receiveBlob();
    hangUp();
    // Before the loop turns: the end of file is not seen yet.
    expect(() => channel.sendBlob(Uint8Array.of(1))).toThrow(/EPIPE/);
    expect(await first).toEqual(Uint8Array.of(8));
    await expect(second).rejects.toEqual(coded('LOW_LVL_TRANSPORT_HOSED_CANNOT_RECEIVE'));
    expect(stream.receiveError?.cause).toBe(stream.sendError);
  });

  it('of a message that waited are those of the next send, or of the end', async () => {
    for (const ask of ['send', 'end'] as const) {
      const { channel, stream, raw, hangUp } = rawPair();
      setSocketBuffers(raw, 0, 1);
      while (channel.queuedBytes < 100_000) channel.sendBlob(new Uint8Array(30_000));
      const ended = ask === 'end' ? channel.endSending() : undefined;
      ended?.catch(() => {});
      hangUp();
      await pause(20);
      expect(stream.sendError).toMatchObject({ code: 'ERR_FLOW_IPC_SYSTEM', syscall: 'sendmsg' });
      if (ended) await expect(ended).rejects.toBe(stream.sendError);
      else expect(() => channel.sendBlob(Uint8Array.of(1))).toThrow(stream.sendError);
    }
  });

  it('that came before receiving was started are told as it starts', async () => {
    const { stream } = rawPair();
    stream.idleTimerRun(20);
    await pause(60);
    expect(stream.receiveError?.code).toBe('ERR_FLOW_IPC_RECEIVER_IDLE_TIMEOUT');
    const told: FlowIpcError[] = [];
    stream.startReceive({ onMessage() {}, onEnd: (error) => told.push(error) });
    expect(told).toEqual([coded('RECEIVER_IDLE_TIMEOUT')]);
  });
});

describe('pings', () => {
  it('come at once, and when nothing else was sent for the period', async () => {
    const { channel, raw } = rawPair();
    const period = 400;
    channel.autoPing(period);
    await Promise.resolve();
    expect(rawRead(raw)).toBe('0100ffff');
    const start = performance.now();
    let silent = start;
    let longest = 0;
    // Sending all the time: no ping is due, unless the machine lets us wait that long.
    while (silent - start < 1.5 * period) {
      channel.sendBlob(Uint8Array.of(1));
      await pause(5);
      const now = performance.now();
      longest = Math.max(longest, now - silent);
      silent = now;
    }
    const busy = rawRead(raw);
    if (longest < 0.9 * period) expect(busy).not.toContain('ffff');
    let pings = '';
    while (pings.length < 3 * 4) {
      await pause(20);
      pings += rawRead(raw);
    }
    expect(pings).toMatch(/^(ffff)+$/);
    // The last message was sent up to a pause earlier.
    expect(performance.now() - silent).toBeGreaterThan(3 * period - longest - 20);
    await channel.endSending();
    await pause(1.5 * period);
    expect(rawRead(raw)).toMatch(/^(ffff)?0000$/);
    expect(channel.autoPing()).toBe(false);
  });

  it('are dropped where the kernel takes nothing', async () => {
    const { channel } = rawPair();
    // More than a turn gathers: the kernel has refused some.
    while (channel.queuedBytes < 300_000) channel.sendBlob(new Uint8Array(20_000));
    const before = channel.queuedBytes;
    channel.autoPing(10);
    await pause(100);
    expect(channel.queuedBytes).toBe(before);
  });

  it('a period is at least a millisecond', () => {
    const { channel } = rawPair();
    expect(() => channel.autoPing(0)).toThrow(RangeError);
    expect(() => channel.idleTimerRun(Number.NaN)).toThrow(RangeError);
  });
});

describe('silence', () => {
  it('any sign starts the time-out anew: version, ping, part of a message', async () => {
    const { channel, raw } = rawPair();
    const waiting = channel.receiveBlob();
    channel.idleTimerRun(1000);
    let start = 0;
    for (const bytes of [[1], [0], [255, 255], [3, 0], [1], [2], [3]]) {
      await pause(300);
      start = performance.now();
      rawSend(raw, ...bytes);
    }
    expect(await waiting).toEqual(Uint8Array.of(1, 2, 3));
    await expect(channel.receiveBlob()).rejects.toEqual(coded('RECEIVER_IDLE_TIMEOUT'));
    expect(performance.now() - start).toBeGreaterThan(950);
  });

  it('of a consumer is not the peer’s: what waits unread counts', async () => {
    const [a, b] = NativeSocketStream.pair();
    const near = keep(socketStreamChannel(new NativeSocketStream(a), { receiveHighWaterMark: 2 }));
    const far = keep(socketStreamChannel(new NativeSocketStream(b)));
    near.idleTimerRun(60);
    // More than one read takes: the rest waits in the kernel.
    for (let i = 0; i < 30; i++) far.sendBlob(new Uint8Array(60_000).fill(i));
    await pause(200);
    for (let i = 0; i < 30; i++) expect((await near.receiveBlob())[0]).toBe(i);
    await expect(near.receiveBlob()).rejects.toEqual(coded('RECEIVER_IDLE_TIMEOUT'));
  });
});

describe('acceptors', () => {
  it('remember what ended accepting, for all who ask', async () => {
    let onReadable = () => {};
    const loop: EventLoop = {
      watch: () => ({
        wait: (_, task) => {
          onReadable = task;
        },
        ref() {},
        unref() {},
        close() {},
        crossings: 0,
      }),
      timer: () => expect.unreachable(),
    };
    const before = sockets();
    const acceptor = keep(new NativeSocketStreamAcceptor(name('fatal'), loop));
    const [listening] = sockets().filter((fd) => !before.includes(fd));
    const early = acceptor.accept();
    early.catch(() => {});
    // Its descriptor now is a socket that does not listen.
    const [a, b] = NativeSocketStream.pair();
    using other = new NativeHandle(a);
    using _ = new NativeHandle(b);
    replaceFd(other.fd, listening!);
    onReadable();
    await expect(early).rejects.toThrow(/EINVAL \(accept\)/);
    for (let i = 0; i < 2; i++) await expect(acceptor.accept()).rejects.toThrow(/EINVAL \(accept\)/);
  });

  it('in sync_io form give one connection at a time', () => {
    const loop = new EpollEventLoop();
    const acceptor = new SyncIoAcceptor<ReturnType<typeof loop.createHandle>>(name('sync'));
    const never = () => expect.unreachable();
    expect(acceptor.asyncAccept(never)).toBe(false);
    expect(acceptor.replaceEventWaitHandles(loop.createHandle)).toBe(true);
    expect(acceptor.startAcceptOps(loop.eventWait)).toBe(true);
    expect(acceptor.startAcceptOps(loop.eventWait)).toBe(false);
    keep(NativeSocketStream.connect(name('sync')));
    const got = acceptor.asyncAccept(never);
    expect(got).toMatchObject({ isPeer: true });
    keep(got as { close(): void });
    const later: unknown[] = [];
    expect(typeof acceptor.asyncAccept((error, stream) => later.push(error, stream))).toBe('symbol');
    expect(acceptor.asyncAccept(never)).toBe(false);
    keep(NativeSocketStream.connect(name('sync')));
    expect(later).toEqual([]);
    loop.runOnce(1000);
    expect(later).toMatchObject([undefined, { isPeer: true }]);
    keep(later[1] as { close(): void });
    expect(typeof acceptor.asyncAccept(never)).toBe('symbol');
    acceptor.close();
    loop.close();
    expect(() => NativeSocketStream.connect(name('sync'))).toThrow(/ECONNREFUSED/);
  });

  it('give their connections to a loop, until they are closed', async () => {
    const acceptor = new NativeSocketStreamAcceptor(name('loop'));
    let count = 0;
    const clients = [1, 2, 3].map(() => keep(NativeSocketStream.connect(name('loop'))));
    for await (const stream of acceptor.connections()) {
      stream.close();
      if (++count === clients.length) acceptor.close();
    }
    expect(count).toBe(3);
  });
});

it('a blocked wait for room is over when all that was queued leaves before it', () => {
  const { stream, channel } = rawPair();
  stream.startReceive({ onMessage() {}, onEnd() {} });
  for (const wait of [
    () => stream.waitReadable(5000),
    () => channel.waitReadable(5000),
    () => waitForPipes([stream], 5000),
  ]) {
    while (stream.queuedBytes === 0) stream.send(Uint8Array.of(1));
    const start = performance.now();
    wait();
    expect(stream.queuedBytes).toBe(0);
    expect(performance.now() - start).toBeLessThan(2500);
  }
});
