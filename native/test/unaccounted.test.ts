// Large views: V8 must not count them, and what lies behind them must last as long as any buffer over it.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { poolCreate, shmUnlink } from '@flow-ipc/native';
import { expect, it } from 'vitest';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

it('a large view is not counted as memory of the engine, is shared, detached on release and outlives close()', async () => {
  const name = `_libipc_test_unaccounted_${process.pid}`;
  const pool = poolCreate(name, 2 ** 31, 0o600);
  shmUnlink(name);
  const size = 1_000_000_000;
  const list = pool.listCreate();
  const written = pool.listGrow(list, size) as ArrayBuffer;
  new Uint8Array(written)[size - 1] = 7;
  expect(pool.listLend(list, [size])).toBe(0);
  gc();
  const before = process.memoryUsage().external;
  const [read] = pool.listBorrow(list, 10) as ArrayBuffer[];
  expect(process.memoryUsage().external - before).toBeLessThan(2 ** 20);
  expect(new Uint8Array(read!)[size - 1]).toBe(7);
  expect(pool.listRelease(list, [read!])).toBe(1);
  expect(read!.byteLength).toBe(0);
  pool.close();
  gc();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(new Uint8Array(written)[size - 1]).toBe(7);
});

it.each([1000, 2 ** 24])(
  'a view of %d bytes that was transferred keeps the mapping, wherever it went',
  async (size) => {
    const name = `_libipc_test_transferred_${process.pid}`;
    const pool = poolCreate(name, 2 ** 26, 0o600);
    shmUnlink(name);
    const contents = (() => {
      const view = pool.view(0, size);
      try {
        return structuredClone(view, { transfer: [view] });
      } catch {
        return view; // small ones are not transferable from Node 22 on
      }
    })();
    pool.close();
    for (let i = 0; i < 5; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // The state word of a pool: any touch of memory that is gone would end the process.
    expect(new Uint32Array(contents.slice(0, 4))[0]).toBe(2);
    expect(new Uint8Array(contents)[size - 1]).toBe(0);
  },
);
