// What a peer can send in place of handles: the channel ends with a code, the pool stays as it was.
import { Channel, NativeSocketStream } from '@flow-ipc/core';
import { StructuredChannel } from '@flow-ipc/structured';
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { ClassicSerialization } from '../src/classic-serialization.js';
import { PoolArena } from '../src/index.js';
import { HandleMessage, readHandle } from '../src/shm-handle.js';
import { Body, keep, tearDown, turn } from './harness.js';

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

const HELLO = Uint8Array.from(Buffer.from('00000000010000000100010000000000', 'hex'));
const JEMALLOC_HANDLE = '000000000000010000000000000001000100000062000000010000004f0800002000000000000000';
const at = (offset: number) => new HandleMessage().set(offset);

let count = 0;
const newPool = () =>
  keep(PoolArena.create(`_libipc_shm_shm${process.pid}h${++count}_0_0_0_classic_1`, { sizeMi: 1 }));

function withRawPeer(pool: PoolArena) {
  const [a, b] = NativeSocketStream.pair();
  const onError = vi.fn();
  const serialization = new ClassicSerialization(pool);
  keep(new StructuredChannel(new Channel(new NativeSocketStream(a)), Body, { serialization, onError }));
  const raw = keep(new Channel(new NativeSocketStream(b)));
  raw.sendBlob(HELLO);
  return { raw, onError };
}

it.each<[string, Uint8Array]>([
  ['a handle beyond the pool', at(2 ** 40)],
  ['a handle to the last byte', at(2 ** 20 - 1)],
  ['a handle into the allocator', at(16)],
  ['a handle to free memory', at(500_000)],
  ['handle 0', at(0)],
  ['no handle', new Uint8Array(32)],
  ['a handle of another provider', Uint8Array.from(Buffer.from(JEMALLOC_HANDLE, 'hex'))],
  ['three bytes', Uint8Array.of(1, 2, 3)],
])('%s ends the channel', async (_, frame) => {
  const pool = newPool();
  const free = pool.freeBytes;
  const { raw, onError } = withRawPeer(pool);
  raw.sendBlob(frame);
  await turn(10);
  expect(onError).toHaveBeenCalledTimes(1);
  expect(onError.mock.calls[0]![0].code).toBe('ERR_FLOW_IPC_SHM_BAD_HANDLE');
  expect(pool.freeBytes).toBe(free);
});

it('a handle that was released already is no handle any more', async () => {
  const pool = newPool();
  const [a, b] = NativeSocketStream.pair();
  const onError = vi.fn();
  const serialization = new ClassicSerialization(pool);
  const ours = keep(new StructuredChannel(new Channel(new NativeSocketStream(a)), Body, { serialization }));
  const theirs = keep(
    new StructuredChannel(new Channel(new NativeSocketStream(b)), Body, { serialization, onError }),
  );
  const messages = theirs.messages('file');
  const msg = ours.buildMsg((body) => (body.initFile().data = Uint8Array.of(1)));
  ours.send(msg);
  (await messages.next()).value!.release();
  const emitted = Uint8Array.from(msg.emit(65534, serialization)[0]!);
  // Our share and the one just lent are both dropped behind the receiver's back.
  const list = readHandle(emitted, new DataView(emitted.buffer), 0, 32);
  pool.pool.listRelease(list, []);
  msg.release();
  const { raw, onError: onRawError } = withRawPeer(pool);
  raw.sendBlob(emitted);
  await turn(10);
  expect(onRawError.mock.calls[0]![0].code).toBe('ERR_FLOW_IPC_SHM_BAD_HANDLE');
  expect(onError).not.toHaveBeenCalled();
});

it('a handle message reads back what was set, in any of 2^53 places', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (offset) => {
      const bytes = at(offset);
      expect(readHandle(bytes, new DataView(bytes.buffer), 0, bytes.length)).toBe(offset);
    }),
  );
});

it('any change of a handle message gives a coded error or a number', () => {
  const mutation = fc.tuple(fc.nat(31), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 5 }), fc.nat(32), (mutations, length) => {
      const bytes = Uint8Array.from(at(4096));
      for (const [i, xor] of mutations) bytes[i]! ^= xor;
      try {
        expect(readHandle(bytes, new DataView(bytes.buffer), 0, length)).toBeGreaterThan(0);
      } catch (err) {
        expect(err).toMatchObject({ code: 'ERR_FLOW_IPC_SHM_BAD_HANDLE' });
      }
    }),
    { numRuns: 20_000 },
  );
});
