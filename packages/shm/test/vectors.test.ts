// The recorded C++ session in shared memory: its handles, and the messages in its pools.
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { MessageReader } from '@flow-ipc/capnp';
import { afterEach, expect, it } from 'vitest';
import { StructuredMessage } from '../../structured/src/generated/structured-msg.capnp.js';
import { Body } from '../../structured/test/generated/test-body.capnp.js';
import { ClassicSerialization } from '../src/classic-serialization.js';
import { PoolArena } from '../src/index.js';
import { HandleMessage, readHandle } from '../src/shm-handle.js';
import { keep, tearDown } from './harness.js';

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

const file = (name: string) => new URL(`./vectors/${name}`, import.meta.url);
const { transcripts } = JSON.parse(readFileSync(file('wire-classic.json'), 'utf8')) as {
  transcripts: { frames: { kind: string; hex: string }[] }[];
};
const frames = transcripts[0]!.frames
  .filter((f) => f.kind === 'message')
  .map((f) => new Uint8Array(Buffer.from(f.hex, 'hex').subarray(2)));

it('handles are understood, and ours are the same bytes', () => {
  expect(frames.length).toBeGreaterThan(10);
  const ours = new HandleMessage();
  for (const frame of frames) {
    const offset = readHandle(frame, new DataView(frame.buffer, frame.byteOffset), 0, frame.length);
    expect(offset % 16).toBe(0);
    expect(Buffer.from(ours.set(offset)).toString('hex')).toBe(Buffer.from(frame).toString('hex'));
  }
});

it('the last messages are found in the image of the pool', () => {
  const name = `_libipc_shm_shm${process.pid}v_0_0_0_classic_1`;
  const path = `/dev/shm/${name}`;
  // The image is the pool's first pages; the rest was never written.
  writeFileSync(path, readFileSync(file('classic-1_classic_1.bin')), { mode: 0o600 });
  truncateSync(path, 2 ** 31);
  const arena = PoolArena.open(name);
  PoolArena.removePersistent(name);
  keep(arena);
  const serialization = new ClassicSerialization(arena);
  let read = 0;
  // Metadata and body take turns. Both processes were stopped at once, so some objects are recycled already.
  const last = frames.length - (frames.length % 2);
  for (let i = last - 8; i < last; i += 2) {
    const [metadata, body] = [frames[i]!, frames[i + 1]!];
    let id: bigint;
    try {
      // Read, not taken: the allocator's last block is beyond the image, so that nothing beside it can be freed.
      id = new MessageReader(serialization.openBody([metadata]).segments).getRoot(StructuredMessage).id;
    } catch (err) {
      expect(err).toMatchObject({ code: 'ERR_FLOW_IPC_SHM_BAD_HANDLE' });
      continue;
    }
    expect(id).toBeGreaterThan(0n);
    const received = serialization.openBody([body]);
    const root = new MessageReader(received.segments).getRoot(Body);
    expect(['ask', 'answer']).toContain(root.which);
    read++;
  }
  expect(read).toBeGreaterThan(0);
});
