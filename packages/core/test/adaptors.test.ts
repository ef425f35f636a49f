// Channels as Node streams and web streams: bytes, boundaries, ends, errors, and back-pressure both ways.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  NativeHandle,
  NativeSocketStream,
  socketStreamChannel,
  toDuplex,
  toWebStreams,
} from '../src/index.js';

const open: { close(): void }[] = [];
afterEach(() => {
  for (const x of open.splice(0)) x.close();
});

function channels() {
  const [a, b] = NativeSocketStream.pair();
  const pair = [
    socketStreamChannel(new NativeSocketStream(a)),
    socketStreamChannel(new NativeSocketStream(b)),
  ] as const;
  open.push(...pair);
  return pair;
}
const coded = (code: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_${code}` });
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('a Duplex', () => {
  it('of bytes carries chunks of any size', async () => {
    const [a, b] = channels();
    const [near, far] = [toDuplex(a), toDuplex(b)];
    const data = randomBytes(1_000_000);
    const received: Buffer[] = [];
    far.on('data', (chunk) => received.push(chunk));
    for (const part of [data.subarray(0, 3), data.subarray(3, 900_000), data.subarray(900_000)])
      near.write(part);
    near.end();
    far.end();
    await once(far, 'end');
    expect(sha(Buffer.concat(received))).toBe(sha(data));
  });

  it('of messages keeps their boundaries', async () => {
    const [a, b] = channels();
    const [near, far] = [toDuplex(a, { mode: 'messages' }), toDuplex(b, { mode: 'messages' })];
    near.write(Buffer.from('one'));
    near.write(Buffer.from('two'));
    near.end(Buffer.alloc(60_000, 3));
    far.end();
    const sizes: number[] = [];
    for await (const chunk of far) sizes.push(chunk.length);
    expect(sizes).toEqual([3, 3, 60_000]);
  });

  it('makes its writer wait for a slow reader, and the reader get everything', async () => {
    const [a, b] = channels();
    const near = toDuplex(a, { highWaterMark: 1000 });
    const far = toDuplex(b, { highWaterMark: 1000 });
    let written = 0;
    const chunk = Buffer.alloc(20_000, 7);
    const writing = (async () => {
      for (let i = 0; i < 300; i++) {
        written++;
        if (!near.write(chunk)) await once(near, 'drain');
      }
      near.end();
    })();
    await pause(100);
    const atRest = written;
    await pause(50);
    expect(written).toBe(atRest);
    expect(written).toBeLessThan(150);
    expect(a.queuedBytes).toBeLessThan(100_000);
    let bytes = 0;
    for await (const part of far) bytes += part.length;
    await writing;
    expect(bytes).toBe(300 * 20_000);
  });

  it('is destroyed with the error that the channel is lost by, and closes the channel when it is destroyed', async () => {
    const [a, b] = channels();
    const near = toDuplex(a);
    near.resume();
    b.close();
    await expect(once(near, 'error')).resolves.toEqual([coded('EOF')]);
    expect(a.closed).toBe(true);
    const [c] = channels();
    const other = toDuplex(c);
    other.destroy();
    await once(other, 'close');
    expect(c.closed).toBe(true);
  });

  it('refuses what no message can be, and what no stream can carry', async () => {
    const [a, b] = channels();
    const near = toDuplex(a, { mode: 'messages' });
    near.write(Buffer.alloc(70_000));
    await expect(once(near, 'error')).resolves.toEqual([coded('INVALID_ARGUMENT')]);
    const [c, d] = channels();
    const far = toDuplex(d);
    far.resume();
    using file = new NativeHandle(openSync('/dev/null', 'r'));
    c.sendNativeHandle(file);
    await expect(once(far, 'error')).resolves.toEqual([coded('BLOB_RECEIVER_GOT_NON_BLOB')]);
    expect(b.closed).toBe(false);
  });
});

describe('web streams', () => {
  it('carry messages both ways and close the channel when both have ended', async () => {
    const [a, b] = channels();
    const near = toWebStreams(a, { mode: 'messages' });
    const far = toWebStreams(b, { mode: 'messages' });
    const echoing = far.readable.pipeTo(far.writable);
    const writer = near.writable.getWriter();
    for (const size of [1, 500, 65_000]) await writer.write(new Uint8Array(size).fill(size));
    await writer.close();
    const sizes: number[] = [];
    for await (const chunk of near.readable) sizes.push(chunk.length);
    await echoing;
    expect(sizes).toEqual([1, 500, 65_000]);
    expect([a.closed, b.closed]).toEqual([true, true]);
  });

  it('cut what is longer than a message, in mode bytes', async () => {
    const [a, b] = channels();
    const data = randomBytes(200_000);
    const writer = toWebStreams(a).writable.getWriter();
    const writing = writer.write(data).then(() => writer.close());
    const received: Uint8Array[] = [];
    for await (const chunk of toWebStreams(b).readable) received.push(chunk);
    await writing;
    expect(received.length).toBe(4);
    expect(sha(Buffer.concat(received))).toBe(sha(data));
  });

  it('hold the writer until what it wrote has left', async () => {
    const [a, b] = channels();
    const writer = toWebStreams(a).writable.getWriter();
    let written = 0;
    const writing = (async () => {
      for (let i = 0; i < 100; i++) {
        await writer.write(new Uint8Array(60_000));
        written++;
      }
      await writer.close();
    })();
    await pause(80);
    expect(written).toBeLessThan(20);
    let bytes = 0;
    for await (const chunk of toWebStreams(b).readable) bytes += chunk.length;
    await writing;
    expect(bytes).toBe(6_000_000);
  });

  it('fail with the channel, and close it when cancelled or aborted', async () => {
    const [a, b] = channels();
    const { readable, writable } = toWebStreams(a);
    b.close();
    await expect(readable.getReader().read()).rejects.toEqual(coded('EOF'));
    await expect(writable.getWriter().write(Uint8Array.of(1))).rejects.toBeInstanceOf(Error);
    const [c, d] = channels();
    await toWebStreams(c).readable.cancel();
    await toWebStreams(d).writable.abort();
    expect([c.closed, d.closed]).toEqual([true, true]);
  });
});
