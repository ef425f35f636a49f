// The recorded C++ session: its lend channel, its handles, and the messages in its pools.
import { readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { MessageReader } from '@flow-ipc/capnp';
import { NativeSocketStream, ownProcessCredentials } from '@flow-ipc/core';
import { BorrowedPools, closeFd, recv, send } from '@flow-ipc/native';
import { afterEach, describe, expect, it } from 'vitest';
import { StructuredMessage } from '../../structured/src/generated/structured-msg.capnp.js';
import { Body } from '../../structured/test/generated/test-body.capnp.js';
import { LendChannel } from '../src/lend-channel.js';
import { HandleMessage, type LendHandle, readHandleMessage } from '../src/lend-handle.js';
import { keep, tearDown, turn } from './harness.js';

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

interface Frame {
  dir: 'in' | 'out';
  kind: string;
  hex: string;
}
const file = (name: string) => new URL(`./vectors/${name}`, import.meta.url);
const { transcripts } = JSON.parse(readFileSync(file('wire-jemalloc.json'), 'utf8')) as {
  transcripts: { name: string; frames: Frame[] }[];
};
/** Whole frames, as bytes. */
const framesOf = (name: string) =>
  transcripts
    .find((t) => t.name === name)!
    .frames.filter((f) => f.kind === 'message' && f.dir === 'out')
    .map((f) => Buffer.from(f.hex, 'hex'));

const hello = Buffer.from('0100' + '1000' + '0000000001000000' + '0100010000000000', 'hex');
/** In a frame of metadata: the message's id, and the session token. */
const ID_AT = 2 + 8;
const TOKEN_AT = 2 + 64;

describe('the recorded lend channel', () => {
  const frames = framesOf('jemalloc-fd100');
  const token = new Uint8Array(frames[0]!.subarray(TOKEN_AT, TOKEN_AT + 16));
  // Recorded in mid-stream: ids begin at 1 here.
  const stream = Buffer.concat([
    hello,
    ...frames.map((frame, i) => {
      const copy = Buffer.from(frame);
      if (copy.length === 82) copy.writeBigUInt64LE(BigInt(i / 2 + 1), ID_AT);
      return copy;
    }),
  ]);
  const recorded = frames.filter((f) => f.length === 42).length;

  function openChannel(returned: LendHandle[]) {
    const [a, b] = NativeSocketStream.pair();
    keep({ close: () => closeFd(b) });
    const channel = keep(
      new LendChannel(a, token, ownProcessCredentials(), {
        lendArena: () => false,
        lendPool: () => false,
        removePool: () => {},
        returnObject: (handle) => void returned.push({ ...handle }),
        misused: (what) => {
          throw new Error(what);
        },
        end: (error) => {
          throw error;
        },
      }),
    );
    return { channel, b };
  }

  it('is understood', async () => {
    const returned: LendHandle[] = [];
    const { b } = openChannel(returned);
    expect(send(b, stream, 0, stream.length, null, 0, 0, -1)).toBe(stream.length);
    await turn(20);
    expect(returned.length).toBe(recorded);
    expect(recorded).toBeGreaterThan(10);
    for (const handle of returned) expect(handle).toMatchObject({ collectionId: 2, poolId: 2128 });
    expect(new Set(returned.map((handle) => handle.offset))).toEqual(new Set([0, 32]));
  });

  it('is what ours is, byte for byte', async () => {
    const { channel, b } = openChannel([]);
    for (let i = 0; i < recorded; i++) channel.returnObject(2, 2128, i % 2 === 0 ? 32 : 0);
    channel.flushReturns();
    await turn(5);
    const buffer = Buffer.alloc(65536);
    const length = recv(b, buffer, 0, buffer.length);
    expect(buffer.subarray(0, length).toString('hex')).toBe(stream.toString('hex'));
  });
});

it('handles are understood, and ours are the same bytes', () => {
  const handle: LendHandle = { collectionId: 0, poolId: 0, offset: 0 };
  const ours = new HandleMessage();
  const frames = framesOf('jemalloc-fd72').map((frame) => new Uint8Array(frame.subarray(2)));
  expect(frames.length).toBeGreaterThan(10);
  for (const frame of frames) {
    readHandleMessage(frame, new DataView(frame.buffer, frame.byteOffset), 0, frame.length, handle);
    expect(handle).toMatchObject({ collectionId: 1, poolId: 2127 });
    expect(Buffer.from(ours.set(handle)).toString('hex')).toBe(Buffer.from(frame).toString('hex'));
  }
});

describe.each([
  ['the server', 'jemalloc-1_jem_2128.bin', 2128],
  ['the client', 'jemalloc-1_jem_clipid_2127.bin', 2127],
])('the pool of %s', (_whose, image, poolId) => {
  it('holds messages, which are read in place', () => {
    const name = `flowipc_test_lend${process.pid}_${poolId}`;
    const path = `/dev/shm/${name}`;
    // The image is the pool's first pages; the rest was never written.
    writeFileSync(path, readFileSync(file(image)), { mode: 0o600 });
    keep({ close: () => unlinkSync(path) });
    truncateSync(path, 2 ** 21);
    const pools = keep(new BorrowedPools());
    expect(pools.addPool(1, poolId, name, 2 ** 21)).toBeGreaterThan(0);
    // Lists lie in a slab of 32-byte slots from the pool's start on: metadata and bodies, as they were lent.
    let metadata = 0;
    let bodies = 0;
    for (let offset = 0; offset < 4096; offset += 32) {
      const segments = pools.listBorrow(1, poolId, offset, 10);
      if (typeof segments === 'number') {
        expect(segments).toBe(-22);
        continue;
      }
      if (segments.length !== 1 || segments[0]!.byteLength === 0) continue;
      if (segments[0]!.byteLength >= 80) {
        const message = new MessageReader(segments).getRoot(StructuredMessage);
        expect(message.numBodySerializationSegments).toBe(1n);
        expect(message.id).toBeGreaterThan(0n);
        metadata++;
      } else {
        expect(new MessageReader(segments).getRoot(Body).which).toBeDefined();
        bodies++;
      }
    }
    expect(metadata).toBeGreaterThan(0);
    expect(bodies).toBeGreaterThan(0);
    expect(pools.listBorrow(1, poolId + 1, 0, 10)).toBe(-2);
    expect(pools.listBorrow(2, poolId, 0, 10)).toBe(-2);
  });
});
