// Lists and blocks of arenas by registers: the same as OwnArena's and BorrowedPools' methods do, and no more for whoever
// writes nonsense.
import { constants } from 'node:os';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  arenaAllocateStaged,
  arenaBeginStaged,
  arenaFreeStaged,
  arenaLendStaged,
  arenaReleaseStaged,
  arenaStoreStaged,
  BorrowedPools,
  begunList,
  borrowedFindStaged,
  borrowedTakeStaged,
  foundAddress,
  listBytes,
  OwnArena,
  out,
} from '../ts/index.js';
import { loadBinding } from '../ts/loader.js';
import { uniqueName } from './support.js';

const { EBADF, EINVAL, EMSGSIZE, ENOENT } = constants.errno;
const open: { close(): void }[] = [];
const keep = <T extends { close(): void }>(x: T): T => {
  open.push(x);
  return x;
};
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

const newArena = () => keep(new OwnArena(`${uniqueName('arena')}_`, 0o600));
/** All that an arena has now, borrowed. */
function lent(arena: OwnArena): BorrowedPools {
  const pools = keep(new BorrowedPools());
  for (const { id, name, size } of arena.pools()) pools.addPool(arena.collectionId, id, name, size);
  return pools;
}

describe('a small message of an arena', () => {
  it('is begun, lent with its metadata, read, and freed by its last owner', () => {
    const arena = newArena();
    const address = arenaBeginStaged(arena.index, 64);
    const list = begunList();
    expect(out[6]).toBe(1);
    new Uint8Array(arena.view(address, 64)).set([1, 2, 3]);
    expect(arenaLendStaged(arena.index, list, 65)).toBe(-EINVAL);
    expect(arenaLendStaged(arena.index, list, 16)).toBe(0);
    const body = [out[4]!, out[5]!] as const;
    listBytes.set([7, 8, 9]);
    const stored = arenaStoreStaged(arena.index, 3);
    const metadata = [out[4]!, out[5]!] as const;
    expect(stored).toBeGreaterThan(0);
    listBytes.fill(0);
    const pools = lent(arena);
    const { collectionId } = arena;
    expect(borrowedTakeStaged(pools.index, collectionId, ...metadata)).toBe(3);
    expect([...listBytes.subarray(0, 4)]).toEqual([7, 8, 9, 0]);
    expect(borrowedFindStaged(pools.index, collectionId, ...body)).toBe(16);
    expect([...new Uint8Array(pools.view(foundAddress(), 3))]).toEqual([1, 2, 3]);
    // What the methods see is the same.
    expect((pools.listBorrow(collectionId, ...body, 1) as ArrayBuffer[])[0]!.byteLength).toBe(16);
    expect(arenaReleaseStaged(arena.index, list)).toBe(1);
    expect(arenaReleaseStaged(arena.index, list)).toBe(0);
    expect(arenaReleaseStaged(arena.index, list)).toBe(-EINVAL);
    expect(arenaReleaseStaged(arena.index, stored)).toBe(0);
    expect(arena.stats().objects).toBe(0);
  });

  it('of several segments, or too long, is for the methods', () => {
    const arena = newArena();
    arena.listCreate(8);
    const list = begunList();
    arena.listGrow(list, 8);
    expect(arenaLendStaged(arena.index, list, 8)).toBe(-EINVAL);
    expect(arena.listLend(list, [8, 8])).toBe(0);
    const two = [out[4]!, out[5]!] as const;
    arena.listStore(new Uint8Array(listBytes.length + 8), 0, listBytes.length + 8);
    const long = [out[4]!, out[5]!] as const;
    const pools = lent(arena);
    for (const read of [borrowedTakeStaged, borrowedFindStaged])
      expect(read(pools.index, arena.collectionId, ...two)).toBe(-EMSGSIZE);
    expect(borrowedTakeStaged(pools.index, arena.collectionId, ...long)).toBe(-EMSGSIZE);
    expect(borrowedFindStaged(pools.index, arena.collectionId, ...long)).toBe(listBytes.length + 8);
    expect(arenaStoreStaged(arena.index, listBytes.length + 1)).toBe(-EINVAL);
    for (const capacity of [0, 4, 12, -8]) expect(arenaBeginStaged(arena.index, capacity)).toBe(-EINVAL);
  });

  it('in a pool that is not lent says which', () => {
    const arena = newArena();
    listBytes.fill(1, 0, 8);
    arenaStoreStaged(arena.index, 8);
    const [pool, offset] = [out[4]!, out[5]!];
    const pools = keep(new BorrowedPools());
    for (const read of [borrowedTakeStaged, borrowedFindStaged]) {
      out[4] = 0;
      expect(read(pools.index, arena.collectionId, pool, offset)).toBe(-ENOENT);
      expect(out[4]).toBe(pool);
      expect(read(pools.index + 1000, arena.collectionId, pool, offset)).toBe(-EBADF);
    }
    pools.close();
    expect(borrowedFindStaged(pools.index, arena.collectionId, pool, offset)).toBe(-EBADF);
  });
});

describe('a block of an arena', () => {
  it('is allocated and freed once, and tells of the pools that it made', () => {
    const arena = new OwnArena(uniqueName('arena'), 0o600);
    const address = arenaAllocateStaged(arena.index, 100);
    expect(out[6]).toBe(1);
    expect(arena.takePoolEvents()).toHaveLength(1);
    expect(arena.view(address, 100).byteLength).toBe(100);
    expect(arenaFreeStaged(arena.index, address)).toBe(0);
    for (const again of [address, 0, -1, 2 ** 53, Number.NaN])
      expect(arenaFreeStaged(arena.index, again), String(again)).toBe(-EINVAL);
    for (const bytes of [0, -1, Number.NaN, 2 ** 54])
      expect(() => arenaAllocateStaged(arena.index, bytes), String(bytes)).toThrow(RangeError);
    expect(arenaAllocateStaged(arena.index + 1000, 8)).toBe(-EBADF);
    arena.close();
    expect(arenaAllocateStaged(arena.index, 8)).toBe(-EBADF);
    expect(arenaFreeStaged(arena.index, address)).toBe(-EBADF);
  });
});

describe('registers', () => {
  it('with anything in them harm nobody', () => {
    const { arenaStaged } = loadBinding();
    const arena = newArena();
    const address = arenaBeginStaged(arena.index, 64);
    const list = begunList();
    new Uint8Array(arena.view(address, 64)).fill(5);
    arenaLendStaged(arena.index, list, 64);
    const [pool, offset] = [out[4]!, out[5]!];
    const pools = lent(arena);
    const value = fc.oneof(
      fc.constantFrom(0, 1, 8, 64, list, address, pool, offset, arena.collectionId),
      fc.constantFrom(-1, 2 ** 31, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY),
      fc.double(),
      fc.nat(),
    );
    fc.assert(
      fc.property(fc.nat(7), value, value, value, (operation, ...values) => {
        // Blocks of gigabytes would be granted as long as there is room.
        if (operation < 5 && values[1] > 2 ** 20) return;
        arena.listLend(list, [64]);
        const { objects } = arena.stats();
        [out[14], out[9], out[10]] = values as [number, number, number];
        out[12] = operation;
        out[13] = operation < 6 ? arena.index : pools.index;
        try {
          arenaStaged();
        } catch (err) {
          expect(err).toBeInstanceOf(RangeError);
          return;
        }
        const result = out[11]!;
        expect(Number.isInteger(result)).toBe(true);
        if (operation === 0 && result > 0) arenaFreeStaged(arena.index, result);
        else if (operation === 2 && result > 0) arenaReleaseStaged(arena.index, begunList());
        else if (operation === 4 && result > 0) arenaReleaseStaged(arena.index, result);
        expect(arena.stats().objects).toBe(objects);
      }),
      { numRuns: 5000 },
    );
    expect(borrowedFindStaged(pools.index, arena.collectionId, pool, offset)).toBe(64);
  });
});
