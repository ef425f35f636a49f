import { openSync, readdirSync } from 'node:fs';
import { closeFd, recv, send } from '@flow-ipc/native';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Channel,
  MAX_BLOB_SIZE,
  NativeHandle,
  NativeSocketStream,
  NativeSocketStreamAcceptor,
} from '../src/index.js';

const open: { close(): void }[] = [];
const keep = <T extends { close(): void }>(x: T): T => {
  open.push(x);
  return x;
};
afterEach(() => {
  for (const x of open.splice(0)) x.close();
});

const fdCount = () => readdirSync('/proc/self/fd').length;
/** After the loop has looked at every descriptor: what was there is read. */
const polled = async () => {
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
};

function channelPair(): [Channel, Channel] {
  const [a, b] = NativeSocketStream.pair();
  return [keep(new Channel(new NativeSocketStream(a))), keep(new Channel(new NativeSocketStream(b)))];
}

/** A channel, and the bare descriptor at its other end for what a peer of ours would never send. */
function rawPair(): [Channel, number] {
  const [a, raw] = NativeSocketStream.pair();
  keep({ close: () => closeFd(raw) });
  return [keep(new Channel(new NativeSocketStream(a))), raw];
}

const rawSend = (fd: number, bytes: Uint8Array, passFd = -1) => {
  expect(send(fd, bytes, 0, bytes.length, null, 0, 0, passFd)).toBe(bytes.length);
};

function rawRead(fd: number, want: number): Buffer {
  const buffer = Buffer.alloc(want);
  let have = 0;
  while (have < want) {
    const n = recv(fd, buffer, have, want - have);
    if (n <= 0) throw new Error(`recv said ${n} after ${have} of ${want} bytes`);
    have += n;
  }
  return buffer;
}

const VERSION = Uint8Array.of(1, 0);
const frame = (blob: Uint8Array): Uint8Array => Uint8Array.of(blob.length & 255, blob.length >> 8, ...blob);
const coded = (code: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_${code}` });

describe('messages', () => {
  it.each([1, 2, 15, 2048, 2049, 16_384, 65_533, MAX_BLOB_SIZE])('of %i bytes arrive whole', async (size) => {
    const [a, b] = channelPair();
    const blob = Uint8Array.from({ length: size }, (_, i) => i * 7);
    a.sendBlob(blob);
    a.sendBlob(Uint8Array.of(9));
    expect(Buffer.compare(await b.receiveBlob(), blob)).toBe(0);
    expect(await b.receiveBlob()).toEqual(Uint8Array.of(9));
  });

  it('of 0 or too many bytes are refused and nothing is sent', async () => {
    const [a, b] = channelPair();
    expect(() => a.sendBlob(new Uint8Array(0))).toThrow(coded('INVALID_ARGUMENT'));
    expect(() => a.sendBlob(new Uint8Array(MAX_BLOB_SIZE + 1))).toThrow(coded('INVALID_ARGUMENT'));
    a.sendBlob(Uint8Array.of(1));
    expect(await b.receiveBlob()).toEqual(Uint8Array.of(1));
  });

  it('keep their order and content when the kernel cannot take them', async () => {
    const [a, b] = channelPair();
    const blobs = Array.from({ length: 400 }, (_, i) => new Uint8Array(1 + ((i * 977) % 20_000)).fill(i));
    for (const blob of blobs) a.sendBlob(blob);
    expect(a.queuedBytes).toBeGreaterThan(0);
    for (const blob of blobs) expect(Buffer.compare(await b.receiveBlob(), blob)).toBe(0);
    await a.drained();
    expect(a.queuedBytes).toBe(0);
  });

  it('of one turn leave in few writes', async () => {
    const [a, b] = channelPair();
    for (let i = 0; i < 100; i++) a.sendBlob(Uint8Array.of(i));
    for (let i = 0; i < 100; i++) expect((await b.receiveBlob())[0]).toBe(i);
    expect(a.counters.sendCalls).toBeLessThan(5);
    expect(b.counters.receiveCalls).toBeLessThan(10);
    // Crossings between JavaScript and C++, of both ends together: far below one a message.
    const crossings = [a, b].map(
      ({ handleSender }) => (handleSender as NativeSocketStream).counters.crossings,
    );
    expect(crossings[0]! + crossings[1]!).toBeLessThan(30);
  });

  it('arrive whatever the pieces they are read in', async () => {
    const blobs = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        blobs,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        async (messages, cuts) => {
          const [channel, raw] = rawPair();
          const wire = Buffer.concat([VERSION, ...messages.map(frame), Uint8Array.of(0, 0)]);
          const received: Uint8Array[] = [];
          const reading = (async () => {
            for await (const blob of channel.blobs()) received.push(blob);
          })();
          for (let at = 0, i = 0; at < wire.length; i++) {
            const piece = wire.subarray(at, at + cuts[i % cuts.length]!);
            rawSend(raw, piece);
            at += piece.length;
            if (i % 3 === 0) await new Promise(setImmediate);
          }
          await reading;
          expect(received.map((b) => [...b])).toEqual(messages.map((b) => [...b]));
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('the bytes', () => {
  it('are version, frames, ping and end marker', async () => {
    const [a, raw] = rawPair();
    a.autoPing(60_000);
    a.sendBlob(Uint8Array.of(7, 8, 9));
    await a.endSending();
    expect(rawRead(raw, 11).toString('hex')).toBe('0100ffff03000708090000');
    expect(() => a.sendBlob(Uint8Array.of(1))).toThrow(coded('SENDS_FINISHED_CANNOT_SEND'));
  });

  it.each([
    ['a version below 1', Uint8Array.of(0, 0), 'PROTOCOL_NEGOTIATION_OPPOSING_VER_INVALID'],
    ['a negative version', Uint8Array.of(0xff, 0xff), 'PROTOCOL_NEGOTIATION_OPPOSING_VER_INVALID'],
  ])('%s ends receiving', async (_, bytes, code) => {
    const [a, raw] = rawPair();
    rawSend(raw, bytes);
    await expect(a.receiveBlob()).rejects.toEqual(coded(code));
  });

  it('a newer version than ours is fine', async () => {
    const [a, raw] = rawPair();
    rawSend(raw, Buffer.concat([Uint8Array.of(9, 0), frame(Uint8Array.of(5))]));
    expect(await a.receiveBlob()).toEqual(Uint8Array.of(5));
  });

  it('an end marker is a good end, a closed socket is not', async () => {
    const [a, raw] = rawPair();
    rawSend(raw, Buffer.concat([VERSION, frame(Uint8Array.of(5)), Uint8Array.of(0, 0)]));
    expect(await a.receiveBlob()).toEqual(Uint8Array.of(5));
    await expect(a.receiveBlob()).rejects.toEqual(coded('RECEIVES_FINISHED_CANNOT_RECEIVE'));
    const [c, d] = channelPair();
    d.close();
    await expect(c.receiveBlob()).rejects.toEqual(coded('EOF'));
  });
});

describe('descriptors', () => {
  it('arrive with the message they were sent with', async () => {
    const before = fdCount();
    const [a, b] = channelPair();
    for (let i = 0; i < 20; i++) {
      using file = new NativeHandle(openSync('/dev/null', 'r'));
      if (i % 3 === 0) a.sendNativeHandle(file, i % 2 ? Uint8Array.of(i) : null);
      else a.sendBlob(Uint8Array.of(i));
    }
    for (let i = 0; i < 20; i++) {
      const message = await b.receive();
      expect(message.handle !== null).toBe(i % 3 === 0);
      expect([...message.blob]).toEqual(i % 3 === 0 && i % 2 === 0 ? [] : [i]);
      message.handle?.close();
    }
    a.close();
    b.close();
    expect(fdCount()).toBe(before);
  });

  it('survive a full socket although the sender closed its own', async () => {
    const before = fdCount();
    const [a, b] = channelPair();
    const filler = new Uint8Array(60_000);
    for (let i = 0; i < 20; i++) a.sendBlob(filler);
    const big = new Uint8Array(MAX_BLOB_SIZE).fill(3);
    {
      using file = new NativeHandle(openSync('/dev/null', 'r'));
      a.sendNativeHandle(file, big);
    }
    for (let i = 0; i < 20; i++) await b.receiveBlob();
    const { blob, handle } = await b.receive();
    expect(Buffer.compare(blob, big)).toBe(0);
    expect(handle).not.toBeNull();
    handle!.close();
    a.close();
    b.close();
    expect(fdCount()).toBe(before);
  });

  it.each<[string, Uint8Array, Uint8Array]>([
    ['with a ping', VERSION, Uint8Array.of(255, 255)],
    ['with the version', new Uint8Array(0), VERSION],
    ['in the midst of a short blob', Uint8Array.of(1, 0, 9, 0, 1), Uint8Array.of(2, 3)],
    ['in the midst of a long blob', Uint8Array.of(1, 0, 0, 200, 1), Uint8Array.of(2, 3)],
  ])('%s end receiving and are closed', async (_, first, withDescriptor) => {
    const before = fdCount();
    const [a, raw] = rawPair();
    const waiting = a.receiveBlob();
    if (first.length > 0) rawSend(raw, first);
    // Two reads at the receiver: in one it could not tell (and would take the descriptor for the message's).
    await polled();
    {
      using file = new NativeHandle(openSync('/dev/null', 'r'));
      rawSend(raw, withDescriptor, file.fd);
    }
    await expect(waiting).rejects.toMatchObject({ code: expect.stringMatching(/BEYOND_HNDL|VER_INVALID/) });
    a.close();
    expect(fdCount()).toBe(before + 1); // the raw end
  });

  it('are refused by a blobs-only channel and end a blob receive', async () => {
    const [a, b] = NativeSocketStream.pair();
    const blobsOnly = keep(new Channel(new NativeSocketStream(a), { handles: false }));
    const other = keep(new Channel(new NativeSocketStream(b)));
    using file = new NativeHandle(openSync('/dev/null', 'r'));
    expect(() => blobsOnly.sendNativeHandle(file)).toThrow(coded('INVALID_ARGUMENT'));
    other.sendNativeHandle(file, Uint8Array.of(1));
    await expect(blobsOnly.receiveBlob()).rejects.toEqual(coded('BLOB_RECEIVER_GOT_NON_BLOB'));
  });
});

describe('waiting', () => {
  it('ends with the signal, and the message goes to the next', async () => {
    const [a, b] = channelPair();
    const abort = new AbortController();
    const first = b.receiveBlob({ signal: abort.signal });
    const second = b.receiveBlob();
    abort.abort();
    await expect(first).rejects.toMatchObject({ name: 'AbortError', code: 'ERR_FLOW_IPC_ABORTED' });
    a.sendBlob(Uint8Array.of(4));
    expect(await second).toEqual(Uint8Array.of(4));
  });

  it('for the queue to drain ends with the signal, and the bytes still leave', async () => {
    const [a, b] = channelPair();
    for (let i = 0; i < 20; i++) a.sendBlob(new Uint8Array(60_000));
    const aborted = AbortSignal.abort();
    await expect(a.drained({ signal: aborted })).rejects.toEqual(coded('ABORTED'));
    const abort = new AbortController();
    const ended = a.endSending({ signal: abort.signal });
    abort.abort();
    await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
    let count = 0;
    for await (const _ of b.blobs()) count++;
    expect(count).toBe(20);
    await a.drained({ signal: new AbortController().signal });
  });

  it('ends when the channel is closed', async () => {
    const [, b] = channelPair();
    const waiting = b.receiveBlob();
    b.close();
    await expect(waiting).rejects.toEqual(coded('OBJECT_SHUTDOWN_ABORTED_COMPLETION_HANDLER'));
  });

  it('a silent peer is given up, a pinging one is not', async () => {
    const [a, b] = channelPair();
    a.idleTimerRun(1000);
    b.autoPing(50);
    await new Promise((r) => setTimeout(r, 1500));
    const waiting = a.receiveBlob();
    b.close();
    await expect(waiting).rejects.toEqual(coded('EOF'));
    const [c] = rawPair();
    c.idleTimerRun(100);
    await expect(c.receiveBlob()).rejects.toEqual(coded('RECEIVER_IDLE_TIMEOUT'));
  });

  it('a slow consumer stops the sender, and loses nothing', async () => {
    const [a, b] = channelPair();
    const first = b.receiveBlob();
    for (let i = 0; i < 2000; i++) a.sendBlob(new Uint8Array(1000).fill(i));
    await first;
    await new Promise((r) => setTimeout(r, 50));
    expect(a.queuedBytes).toBeGreaterThan(0);
    for (let i = 1; i < 2000; i++) expect((await b.receiveBlob())[0]).toBe(i & 255);
  });
});

describe('acceptor', () => {
  it('hands out connections first come first served, and knows the peer', async () => {
    const name = `_libipc_test_${process.pid}_acceptor`;
    const acceptor = keep(new NativeSocketStreamAcceptor(name));
    expect(() => new NativeSocketStreamAcceptor(name)).toThrow(/EADDRINUSE/);
    const early = acceptor.accept();
    const client = keep(new Channel(NativeSocketStream.connect(name)));
    const server = keep(new Channel(await early));
    expect(server.remotePeerProcessCredentials).toEqual({
      pid: process.pid,
      uid: process.geteuid!(),
      gid: process.getegid!(),
    });
    client.sendBlob(Uint8Array.of(1));
    expect(await server.receiveBlob()).toEqual(Uint8Array.of(1));
    const surplus = keep(NativeSocketStream.connect(name));
    await new Promise((r) => setTimeout(r, 20));
    keep(await acceptor.accept());
    expect(surplus.closed).toBe(false);
    const pending = acceptor.accept();
    acceptor.close();
    await expect(pending).rejects.toEqual(coded('OBJECT_SHUTDOWN_ABORTED_COMPLETION_HANDLER'));
    expect(() => NativeSocketStream.connect(name)).toThrow(/ECONNREFUSED/);
    expect(() => NativeSocketStream.connect('x'.repeat(108))).toThrow(/ENAMETOOLONG/);
  });
});

it('a descriptor stays with its message when more follows in the read that completes it', async () => {
  const before = fdCount();
  const [a, raw] = rawPair();
  const first = a.receive();
  const second = a.receive();
  using file = new NativeHandle(openSync('/dev/null', 'r'));
  rawSend(raw, VERSION);
  // Part of the message comes with its descriptor, the rest along with the next message.
  rawSend(raw, Uint8Array.of(3, 0, 1), file.fd);
  await polled();
  rawSend(raw, Uint8Array.of(2, 3, 1, 0, 9));
  const { blob, handle } = await first;
  expect([...blob]).toEqual([1, 2, 3]);
  expect(handle).not.toBeNull();
  handle?.close();
  expect(await second).toEqual({ blob: Uint8Array.of(9), handle: null });
  a.close();
  expect(fdCount()).toBe(before + 2); // the raw end and the file
});
