// Arenas of jemalloc in shared memory pools, and what a borrower makes of them.
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { BorrowedPools, borrowedTakeStaged, listBytes, OwnArena, out } from '../ts/index.js';
import { uniqueName } from './support.js';

const [EINVAL, ENOENT, ENOMEM, EBADF] = [-22, -2, -12, -9];
const arenas: { close(): void }[] = [];
const keep = <T extends { close(): void }>(x: T): T => {
  arenas.push(x);
  return x;
};
const newArena = () => keep(new OwnArena(`${uniqueName('arena')}_`, 0o640));
const files = () => readdirSync('/dev/shm').filter((name) => name.startsWith(`flowipc_test_${process.pid}_`));

afterEach(() => {
  for (const arena of arenas.splice(0)) arena.close();
  expect(files()).toEqual([]);
});

const lent = (arena: OwnArena) => {
  const pools = keep(new BorrowedPools());
  for (const { id, name, size } of arena.pools())
    expect(pools.addPool(arena.collectionId, id, name, size)).toBeGreaterThan(0);
  return pools;
};

describe('an arena', () => {
  it('allocates blocks that do not overlap, and knows its own', () => {
    const arena = newArena();
    expect(arena.stats()).toMatchObject({ allocated: 0, mapped: 0, pools: 0, objects: 0 });
    const blocks: [number, number][] = [];
    for (let i = 0; i < 3000; i++) {
      const bytes = 1 + ((i * 7919) % 20000);
      const address = arena.allocate(bytes);
      expect(address % 16).toBe(0);
      new Uint8Array(arena.view(address, bytes)).fill(i % 256);
      blocks.push([address, bytes]);
    }
    for (const [i, [address, bytes]] of blocks.entries())
      expect(Buffer.compare(Buffer.from(arena.view(address, bytes)), Buffer.alloc(bytes, i % 256))).toBe(0);
    const { allocated, active, resident, mapped, pools, objects } = arena.stats();
    const asked = blocks.reduce((sum, [, bytes]) => sum + bytes, 0);
    expect(objects).toBe(3000);
    expect(allocated).toBeGreaterThanOrEqual(asked);
    expect(active).toBeGreaterThanOrEqual(allocated);
    expect(resident).toBeGreaterThanOrEqual(active);
    expect(mapped).toBeGreaterThanOrEqual(active);
    expect(files().length).toBe(pools);
    const [first] = blocks[0]!;
    expect(arena.free(first)).toBe(0);
    for (const wrong of [first, first + 8, 0, -1, 1, 2 ** 52, Number.NaN, blocks[1]![0] + 16])
      expect(arena.free(wrong)).toBe(EINVAL);
    for (const [address] of blocks.slice(1)) expect(arena.free(address)).toBe(0);
    arena.purge();
    expect(arena.stats()).toMatchObject({
      allocated: 0,
      active: 0,
      dirty: 0,
      mapped: 0,
      pools: 0,
      objects: 0,
    });
    expect(files()).toEqual([]);
  });

  it('tells of pools as they come and go, in order', () => {
    const arena = newArena();
    expect(arena.takePoolEvents()).toEqual([]);
    const block = arena.allocate(3_000_000);
    expect(out[6]).toBe(1);
    const [created] = arena.takePoolEvents();
    expect(created).toMatchObject({ created: true, window: 1 });
    expect(created!.size).toBeGreaterThanOrEqual(3_000_000);
    expect(existsSync(`/dev/shm/${created!.name}`)).toBe(true);
    expect(arena.handle(block)).toBe(0);
    expect(out[4]).toBe(created!.id);
    arena.free(block);
    arena.purge();
    expect(arena.takePoolEvents()).toEqual([{ ...created, created: false }]);
    expect(existsSync(`/dev/shm/${created!.name}`)).toBe(false);
    expect(arena.handle(block)).toBe(EINVAL);
  });

  it('refuses what no pool can hold, and goes on', () => {
    const arena = newArena();
    expect(arena.allocate(2 ** 31)).toBe(ENOMEM);
    expect(arena.allocate(2 ** 50)).toBe(ENOMEM);
    expect(arena.listCreate(2 ** 40)).toBe(ENOMEM);
    expect(() => arena.allocate(0)).toThrow(RangeError);
    expect(() => arena.view(arena.allocate(16), 2 ** 31)).toThrow(RangeError);
    expect(arena.allocateMany(2 ** 31, new Float64Array(3))).toBe(ENOMEM);
    expect(arena.allocate(16)).toBeGreaterThan(0);
    arena.close();
    expect(arena.allocate(16)).toBe(EBADF);
    expect(arena.listStore(new Uint8Array(8), 0, 8)).toBe(EBADF);
    expect(arena.takePoolEvents()).toEqual([]);
  });

  it('lets large blocks grow into free pages behind them, and cuts them', () => {
    const arena = newArena();
    const block = arena.allocate(100_000);
    new Uint8Array(arena.view(block, 100_000)).fill(4);
    expect(arena.extend(block, 1_000_000)).toBe(0);
    const { allocated, mapped, objects, pools } = arena.stats();
    expect(allocated).toBeGreaterThanOrEqual(1_000_000);
    expect({ mapped, objects, pools }).toEqual({ mapped: 2 << 20, objects: 1, pools: 1 });
    expect(Buffer.from(arena.view(block, 100_000)).equals(Buffer.alloc(100_000, 4))).toBe(true);
    // What it got is no other's.
    new Uint8Array(arena.view(block, 1_000_000)).fill(5);
    const wall = arena.allocate(100_000);
    new Uint8Array(arena.view(wall, 100_000)).fill(6);
    expect(wall >= block + 1_000_000 || wall + 100_000 <= block).toBe(true);
    expect(arena.extend(block, 2_000_000)).toBe(ENOMEM);
    expect(arena.extend(block, 2 ** 31)).toBe(ENOMEM);
    expect(arena.extend(block, 2 ** 50)).toBe(ENOMEM);
    expect(Buffer.from(arena.view(block, 1_000_000)).equals(Buffer.alloc(1_000_000, 5))).toBe(true);
    expect(arena.shrink(block, 2 ** 50)).toBe(0);
    expect(arena.shrink(block, 50_000)).toBe(0);
    expect(arena.stats().allocated).toBeLessThan(200_000);
    expect(Buffer.from(arena.view(block, 50_000)).equals(Buffer.alloc(50_000, 5))).toBe(true);
    expect(Buffer.from(arena.view(wall, 100_000)).equals(Buffer.alloc(100_000, 6))).toBe(true);
    // What was cut off can be had again.
    expect(arena.extend(block, 900_000)).toBe(0);
    for (const address of [block, wall]) expect(arena.free(address)).toBe(0);
    arena.purge();
    expect(arena.stats()).toMatchObject({ allocated: 0, active: 0, mapped: 0, pools: 0, objects: 0 });
  });

  it('gives small blocks the slack of their size class, and no more', () => {
    const arena = newArena();
    const block = arena.allocate(100);
    expect(arena.extend(block, 112)).toBe(0);
    expect(arena.extend(block, 113)).toBe(ENOMEM);
    expect(arena.shrink(block, 97)).toBe(0);
    expect(arena.shrink(block, 50)).toBe(ENOMEM);
    const large = arena.allocate(50_000);
    expect(arena.shrink(large, 100)).toBe(ENOMEM);
    for (const resize of ['extend', 'shrink'] as const) {
      for (const wrong of [block + 8, 0, -1, 2 ** 52, Number.NaN])
        expect(arena[resize](wrong, 10)).toBe(EINVAL);
      arena.listCreate(64);
      expect(arena[resize](out[0]!, 10)).toBe(EINVAL);
      expect(() => arena[resize](block, 0)).toThrow(RangeError);
      expect(() => arena[resize]('1' as never, 1)).toThrow(TypeError);
    }
    expect(arena.free(block)).toBe(0);
    expect(arena.extend(block, 10)).toBe(EINVAL);
    arena.close();
    expect(arena.extend(large, 10)).toBe(EBADF);
    expect(arena.shrink(large, 10)).toBe(EBADF);
  });

  it('keeps contents apart, whatever grows and shrinks', () => {
    const step = fc.record({
      what: fc.constantFrom('allocate', 'free', 'extend', 'extend', 'shrink'),
      pick: fc.nat(),
      bytes: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 16_000, max: 1_500_000 })),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const arena = newArena();
        const live = new Map<number, { length: number; value: number }>();
        const check = (address: number, length: number, value: number) =>
          expect(Buffer.from(arena.view(address, length)).equals(Buffer.alloc(length, value))).toBe(true);
        for (const [i, { what, pick, bytes }] of steps.entries()) {
          const addresses = [...live.keys()];
          let address = addresses[pick % addresses.length];
          let length = bytes;
          if (what === 'allocate' || address === undefined) {
            address = arena.allocate(bytes);
          } else {
            const before = live.get(address)!;
            check(address, before.length, before.value);
            live.delete(address);
            if (what === 'free') {
              expect(arena.free(address)).toBe(0);
              continue;
            }
            const code = arena[what as 'extend' | 'shrink'](address, bytes);
            expect([0, ENOMEM]).toContain(code);
            if (what === 'extend') length = code === 0 ? Math.max(bytes, before.length) : before.length;
            else length = Math.min(bytes, before.length);
            check(address, Math.min(length, before.length), before.value);
          }
          new Uint8Array(arena.view(address, length)).fill(i);
          live.set(address, { length, value: i & 255 });
        }
        for (const [address, { length, value }] of live) {
          check(address, length, value);
          expect(arena.free(address)).toBe(0);
        }
        arena.purge();
        expect(arena.stats()).toMatchObject({ allocated: 0, active: 0, mapped: 0, pools: 0, objects: 0 });
        arena.close();
      }),
      { numRuns: process.env.FLOW_IPC_LONG ? 2000 : 40 },
    );
  });

  it('allocates and frees in batches', () => {
    const arena = newArena();
    const addresses = new Float64Array(1000);
    expect(arena.allocateMany(100, addresses)).toBe(0);
    expect(new Set(addresses).size).toBe(1000);
    expect(arena.freeMany(addresses)).toBe(1000);
    expect(arena.freeMany(addresses)).toBe(0);
    expect(arena.stats().objects).toBe(0);
  });
});

it('pool ids go on at 1 after the last, and pass over one that is taken', () => {
  const arena = newArena();
  const base = uniqueName('wrap_');
  expect(arena.allocate(16)).toBeGreaterThan(0);
  const counter = openSync('/dev/shm/_libipc_shm_0_0_0_shm_arenaLend_nextPoolId', 'r+');
  const value = Buffer.alloc(4);
  readSync(counter, value, 0, 4, 0);
  const before = value.readUInt32LE();
  const set = (n: number) => {
    value.writeUInt32LE(n);
    writeSync(counter, value, 0, 4, 0);
  };
  try {
    for (const [from, taken, wanted] of [
      [0x7fffffff, [], 1],
      [0x7ffffffe, [], 0x7fffffff],
      [0xffffffff, [], 1],
      [0x7ffffffe, [0x7fffffff, 1, 2], 3],
    ] as const) {
      const wrapped = new OwnArena(base, 0o600);
      for (const id of taken) writeFileSync(`/dev/shm/${base}${id}`, '');
      set(from);
      wrapped.allocate(16);
      expect(wrapped.pools()[0]!.id).toBe(wanted);
      wrapped.close();
      for (const id of taken) closeAndRemove(`/dev/shm/${base}${id}`);
    }
  } finally {
    set(before + 100);
    closeSync(counter);
  }
});

function closeAndRemove(path: string): void {
  // The name belongs to a stranger: the arena must have left it alone.
  expect(existsSync(path)).toBe(true);
  rmSync(path);
}

describe('a borrower', () => {
  it('reads lists of one and of several segments', () => {
    const arena = newArena();
    const first = arena.listCreate(64) as ArrayBuffer;
    const list = out[0]!;
    new Uint8Array(first).set([1, 2, 3]);
    const second = arena.listGrow(list, 3_000_000) as ArrayBuffer;
    new Uint8Array(second).fill(9);
    expect(arena.listLend(list, [3])).toBe(EINVAL);
    expect(arena.listLend(list, [65, 1])).toBe(EINVAL);
    expect(arena.listLend(list, [3, 2_500_000])).toBe(0);
    const [pool, offset] = [out[4]!, out[5]!];
    const pools = lent(arena);
    const views = pools.listBorrow(arena.collectionId, pool, offset, 2) as ArrayBuffer[];
    expect(views.map((v) => v.byteLength)).toEqual([3, 2_500_000]);
    expect([...new Uint8Array(views[0]!)]).toEqual([1, 2, 3]);
    expect(new Uint8Array(views[1]!).every((b) => b === 9)).toBe(true);
    expect(pools.listBorrow(arena.collectionId, pool, offset, 1)).toBe(EINVAL);
    expect(borrowedTakeStaged(pools.index, arena.collectionId, pool, offset)).toBe(-90);
    expect(arena.listRelease(list, [first, second])).toBe(1);
    expect(first.byteLength).toBe(0);
    expect(arena.listRelease(list, [])).toBe(0);
    expect(arena.listRelease(list, [])).toBe(EINVAL);
    // What was borrowed stays readable when all is gone.
    arena.close();
    pools.close();
    expect(new Uint8Array(views[1]!).every((b) => b === 9)).toBe(true);
  });

  it('reads a list as far as it is counted, while its owner adds to it for a later sending', () => {
    const arena = newArena();
    arena.listCreate(64);
    const list = out[0]!;
    arena.listLend(list, [3]);
    const [pool, offset] = [out[4]!, out[5]!];
    arena.listGrow(list, 64);
    // The moment before the second segment counts.
    new BigUint64Array(arena.view(list, 8))[0] = 1n;
    const pools = lent(arena);
    const views = pools.listBorrow(arena.collectionId, pool, offset, 9) as ArrayBuffer[];
    expect(views.map((v) => v.byteLength)).toEqual([3]);
    // Nothing is a list of nothing.
    new BigUint64Array(arena.view(list, 8))[0] = 0n;
    expect(pools.listBorrow(arena.collectionId, pool, offset, 9)).toBe(EINVAL);
    expect(arena.listRelease(list, [])).toBe(1);
    expect(arena.listRelease(list, [])).toBe(0);
  });

  it('lacks a pool, and says which', () => {
    const arena = newArena();
    const first = arena.listCreate(64) as ArrayBuffer;
    const list = out[0]!;
    const known = arena.pools();
    const second = arena.listGrow(list, 10_000_000) as ArrayBuffer;
    const added = arena.pools().find(({ id }) => id !== known[0]!.id)!;
    arena.listLend(list, [8, 8]);
    const [pool, offset] = [out[4]!, out[5]!];
    const pools = keep(new BorrowedPools());
    expect(pools.listBorrow(1, pool, offset, 9)).toBe(ENOENT);
    expect(out[4]).toBe(pool);
    pools.addPool(1, pool, known[0]!.name, known[0]!.size);
    expect(pools.listBorrow(1, pool, offset, 9)).toBe(ENOENT);
    expect(out[4]).toBe(added.id);
    pools.addPool(1, added.id, added.name, added.size);
    expect(pools.listBorrow(1, pool, offset, 9)).toHaveLength(2);
    arena.listRelease(list, [first, second]);
    arena.listRelease(list, []);
  });

  it('takes no pool that it should not have', () => {
    const arena = newArena();
    arena.allocate(16);
    const { id, name, size } = arena.pools()[0]!;
    const pools = keep(new BorrowedPools());
    expect(pools.addPool(1, id, `${name}x`, size)).toBe(ENOENT);
    expect(pools.addPool(1, id, name, size + 1)).toBe(-34);
    for (const wrong of [0, -1, 2 ** 31, 2 ** 53]) expect(pools.addPool(1, id, name, wrong)).toBe(EINVAL);
    for (const wrong of [0, 2 ** 31, 2 ** 32, -1]) expect(pools.addPool(1, wrong, name, size)).toBe(EINVAL);
    expect(pools.addPool(1, id, name, size)).toBe(1);
    expect(pools.addPool(1, id, name, size)).toBe(-17);
    expect(pools.addPool(2, id, name, size)).toBe(2);
    expect(pools.removePool(1, id)).toBe(true);
    expect(pools.removePool(1, id)).toBe(false);
    expect(pools.addPool(3, id, name, size)).toBe(1);
    expect(() => pools.view(2 ** 31 * 9, 1)).toThrow(RangeError);
    expect(() => pools.view(2 ** 31, size + 1)).toThrow(RangeError);
    expect(pools.view(2 ** 31 * 2, size).byteLength).toBe(size);
  });

  it('cannot be harmed by a million handles, nor by any contents', () => {
    const arena = newArena();
    const lists: number[] = [];
    for (let i = 0; i < 50; i++) lists.push(arena.listStore(new Uint8Array(100).fill(i), 0, 100));
    const block = arena.allocate(64 * 1024);
    const junk = new DataView(arena.view(block, 64 * 1024));
    const [pool] = arena.pools();
    const pools = lent(arena);
    const { collectionId } = arena;
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed;
    };
    arena.handle(block);
    const at = out[5]!;
    let taken = 0;
    for (let i = 0; i < 1_000_000; i++) {
      // Bytes that look like parts of lists, at places that handles and pointers lead to.
      const place = (random() % 8000) * 8;
      const kind = random() % 4;
      if (kind === 0) junk.setBigUint64(place, BigInt(random() % 8), true);
      else if (kind === 1) junk.setBigUint64(place, BigInt(random()) << 32n, true);
      else {
        junk.setUint32(place, at + (random() % 64000), true);
        junk.setUint32(place + 4, 0x80000000 + pool!.id, true);
      }
      const offset = i % 2 === 0 ? at + (random() % 8000) * 8 : random() - (i % 4 === 1 ? 0 : 2 ** 31);
      const code = borrowedTakeStaged(
        pools.index,
        i % 8 === 0 ? random() : collectionId,
        i % 16 === 0 ? random() : pool!.id,
        offset,
      );
      if (code >= 0) taken++;
      else if (code !== EINVAL && code !== ENOENT && code !== -90) throw new Error(`round ${i}: ${code}`);
    }
    expect(taken).toBeLessThan(1000);
    for (const [i, list] of lists.entries()) {
      arena.handle(list);
      expect(borrowedTakeStaged(pools.index, collectionId, out[4]!, out[5]!)).toBe(100);
      expect(listBytes[99]).toBe(i);
    }
  }, 120_000);
});
