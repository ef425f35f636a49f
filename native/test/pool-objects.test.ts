// Pools beyond blocks: objects with owner counts, batches, counts of blocks, the ways to open, waiting in one process.
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  closeFd,
  detachBuffers,
  monotonicNs,
  type Pool,
  pollFd,
  poolCreate,
  poolOpen,
  poolOpenOrCreate,
  READABLE,
} from '../ts/index.js';
import { thrown, uniqueName } from './support.js';

const { ENOMEM, EINVAL, EBADF, EBADMSG, EROFS } = constants.errno;
const MiB = 1 << 20;
const newPool = (size = MiB) => poolCreate(uniqueName('pool'), size, 0o600);
const counts = (pool: Pool) => {
  const target = new Float64Array(5);
  expect(pool.blockCounts(target)).toBe(0);
  const [blocks, usedBytes, freeBlocks, freeBytes, largest] = target;
  return { blocks, usedBytes, freeBlocks, freeBytes, largest };
};

describe('objects', () => {
  it('are counted, and their last owner is told so', () => {
    const pool = newPool();
    const free = pool.freeBytes();
    const object = pool.objectCreate(10);
    expect([...new Uint8Array(pool.view(object, 12))]).toEqual(new Array(12).fill(0));
    // As in C++: the count lies behind the bytes, at a multiple of 4.
    expect(pool.atomicLoad32(object + 12)).toBe(1);
    expect(pool.objectLend(object, 10)).toBe(0);
    expect(pool.objectCheck(object, 10)).toBe(0);
    expect(pool.objectOwners(object, 10)).toBe(2);
    expect(pool.objectDrop(object, 10)).toBe(1);
    expect(pool.objectDrop(object, 10)).toBe(0);
    // Nobody's any more, though the block is still there.
    expect(pool.objectDrop(object, 10)).toBe(-EINVAL);
    expect(pool.objectLend(object, 10)).toBe(-EINVAL);
    expect(pool.objectCheck(object, 10)).toBe(-EINVAL);
    expect(pool.free(object)).toBe(0);
    expect(pool.objectOwners(object, 10)).toBe(-EINVAL);
    expect(pool.freeBytes()).toBe(free);
  });

  it('are objects also when the allocator had to give them what was left', () => {
    for (let room = 48; room <= 160; room += 16) {
      const pool = newPool(4096 + room);
      // All but `room` bytes, which is less than could be split.
      pool.allocate(counts(pool).largest! - room);
      for (const size of [1, 4, 8, 20, 40, 60, 100]) {
        const object = pool.objectCreate(size);
        if (object < 0) continue;
        expect(pool.objectDrop(object, size), `${size} bytes in ${room}`).toBe(0);
        expect(pool.free(object)).toBe(0);
        const list = pool.listStore(new Uint8Array(size), 0, size);
        if (list > 0) expect(pool.listRelease(list, [])).toBe(0);
      }
      pool.close();
    }
  });

  it('are refused where there is none, or of another size', () => {
    const pool = newPool();
    const object = pool.objectCreate(1000);
    for (const [offset, size] of [
      [object + 16, 1000],
      [object - 16, 1000],
      [object + 8, 1000],
      [object, 1100],
      [object, 900],
      [0, 1000],
      [-16, 1000],
      [16, 1000],
      [MiB, 1000],
      [MiB - 16, 1000],
      [2 ** 53, 1000],
      [object, 2 ** 53],
      [object, 0],
      [object, -1],
    ] as const) {
      expect(pool.objectCheck(offset, size), `${offset} ${size}`).toBe(-EINVAL);
      expect(pool.objectLend(offset, size)).toBe(-EINVAL);
      expect(pool.objectDrop(offset, size)).toBe(-EINVAL);
    }
    expect(pool.objectOwners(object, 1000)).toBe(1);
    expect(pool.objectCreate(2 * MiB)).toBe(-ENOMEM);
    expect(() => pool.objectCreate(0)).toThrow(RangeError);
    expect(() => pool.objectLend('x' as never, 1)).toThrow(TypeError);
    pool.close();
    for (const code of [pool.objectCreate(1), pool.objectLend(object, 1000), pool.objectDrop(object, 1000)])
      expect(code).toBe(-EBADF);
  });

  it('behind random handles are refused or real, and nothing is committed in looking', () => {
    const pool = newPool(2 ** 31);
    const objects = new Set<number>();
    for (let i = 0; i < 1000; i++) objects.add(pool.objectCreate(40));
    const committed = () => statSync(`/dev/shm/${pool.name}`).blocks;
    const before = committed();
    let found = 0;
    for (let i = 0; i < 1_000_000; i++) {
      const near = i % 2 === 0;
      const offset = Math.floor(Math.random() * (near ? 100_000 : 2 ** 31)) & (i % 4 < 2 ? ~15 : ~0);
      if (pool.objectCheck(offset, 40) === 0) {
        found++;
        if (!objects.has(offset)) throw new Error(`there is no object at ${offset}`);
      }
    }
    expect(found).toBeGreaterThan(0);
    // The chunk at the end of the pool, whose last page was there already.
    expect(committed()).toBeLessThanOrEqual(before + 128);
  });
});

describe('batches', () => {
  it('are all or nothing when allocating, and all that can be when freeing', () => {
    const pool = newPool();
    const free = pool.freeBytes();
    const offsets = new Float64Array(100);
    expect(pool.allocateMany(1000, offsets)).toBe(0);
    expect(new Set(offsets).size).toBe(100);
    const many = new Float64Array(2000);
    expect(pool.allocateMany(1000, many)).toBe(-ENOMEM);
    expect(many.every((x) => x === 0)).toBe(true);
    expect(pool.freeMany(Float64Array.of(offsets[0]!, 5, Number.NaN, -1, 2 ** 60, offsets[1]!))).toBe(
      -EINVAL,
    );
    expect(pool.freeMany(offsets.subarray(2))).toBe(0);
    expect(pool.freeBytes()).toBe(free);
    expect(() => pool.allocateMany(0, offsets)).toThrow(RangeError);
    expect(() => pool.allocateMany(8, [] as never)).toThrow(TypeError);
    expect(() => pool.freeMany(new Uint8Array(8) as never)).toThrow(TypeError);
    expect(pool.allocateMany(8, new Float64Array(0))).toBe(0);
  });
});

describe('counts of blocks', () => {
  it('add up to the pool, whatever happens in it', () => {
    const step = fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.nat(), fc.boolean());
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const pool = newPool(256 * 1024);
        const empty = counts(pool);
        expect(empty).toMatchObject({ blocks: 0, usedBytes: 0, freeBlocks: 1 });
        const live: number[] = [];
        for (const [size, pick, grow] of steps) {
          if (grow || live.length === 0) {
            const offset = pool.allocate(size);
            if (offset > 0) live.push(offset);
          } else {
            pool.free(live.splice(pick % live.length, 1)[0]!);
          }
          const now = counts(pool);
          expect(now.blocks).toBe(live.length);
          expect(now.usedBytes! + now.freeBytes!).toBe(empty.freeBytes);
          // The largest that is said to be free can be had, and one byte more cannot.
          expect(pool.allocate(now.largest! + 1)).toBe(-ENOMEM);
          if (now.largest! > 0) {
            const largest = pool.allocate(now.largest!);
            expect(largest).toBeGreaterThan(0);
            pool.free(largest);
          }
        }
        pool.close();
      }),
      { numRuns: 20 },
    );
  });

  it('of a damaged chain are refused', () => {
    const pool = newPool();
    const offset = pool.allocate(100);
    new BigUint64Array(pool.view(offset - 16, 16))[1] = 2n ** 62n + 1n;
    expect(pool.blockCounts(new Float64Array(5))).toBe(-EBADMSG);
  });
});

describe('opening', () => {
  it('or creating is one of the two, for all who do it at once', () => {
    const name = uniqueName();
    const [first, second] = [poolOpenOrCreate(name, MiB, 0o600), poolOpenOrCreate(name, 2 * MiB, 0o600)];
    expect(second.size).toBe(MiB);
    const offset = first.allocate(10);
    expect(second.free(offset)).toBe(0);
  });

  it('with all pages takes them', () => {
    const name = uniqueName();
    poolCreate(name, 4 * MiB, 0o600, true);
    expect(statSync(`/dev/shm/${name}`).blocks * 512).toBeGreaterThanOrEqual(4 * MiB);
  });

  it('read-only reads, and changes nothing for anybody', () => {
    const pool = newPool();
    const object = pool.objectCreate(16);
    const list = pool.listStore(Uint8Array.of(1, 2, 3), 0, 3);
    const reader = poolOpen(pool.name, true);
    expect(reader.objectCheck(object, 16)).toBe(0);
    const view = new Uint8Array(reader.view(object, 16));
    new Uint8Array(pool.view(object, 16))[5] = 9;
    expect(view[5]).toBe(9);
    view[6] = 7;
    expect(new Uint8Array(pool.view(object, 16))[6]).toBe(0);
    expect([...new Uint8Array((reader.listBorrow(list, 1) as ArrayBuffer[])[0]!)]).toEqual([1, 2, 3]);
    for (const code of [
      reader.allocate(10),
      reader.allocateMany(10, new Float64Array(2)),
      reader.free(object),
      reader.freeBytes(),
      reader.objectLend(object, 16),
      reader.objectDrop(object, 16),
      reader.listRelease(list, []),
      reader.listLend(list, [3]),
      reader.listCreate(),
    ]) {
      expect(code).toBe(-EROFS);
    }
    expect(() => reader.lockTry(object, false)).toThrow(TypeError);
    expect(pool.objectOwners(object, 16)).toBe(1);
  });
});

describe('buffers', () => {
  it('can be made empty', () => {
    const pool = newPool();
    const [a, b] = [pool.view(1000, 10), pool.view(2000, 10)];
    detachBuffers([a, b, a]);
    expect([a.byteLength, b.byteLength]).toEqual([0, 0]);
    expect(() => detachBuffers([{} as never])).toThrow(TypeError);
    expect(() => detachBuffers(5 as never)).toThrow(TypeError);
  });
});

describe('locks', () => {
  it('are taken once, by whoever has them unlocked last', () => {
    const pool = newPool();
    const at = pool.objectCreate(16);
    expect(pool.lockTry(at, false)).toBe(1);
    expect(new Uint32Array(pool.view(at, 8))[0]).toBe(process.pid);
    expect(pool.lockTry(at, false)).toBe(0);
    expect(pool.lockTry(at, true)).toBe(0);
    const start = monotonicNs();
    expect(pool.lockTake(at, 30)).toBe(0);
    expect(monotonicNs() - start).toBeGreaterThan(29e6);
    expect(pool.lockRelease(at)).toBe(true);
    expect(pool.lockRelease(at)).toBe(false);
    expect(pool.lockTake(at, -1)).toBe(1);
    // The same lock, but not this owner's, as far as the pool knows.
    const other = poolOpen(pool.name);
    expect(other.lockRelease(at)).toBe(false);
    // Let go of with the pool: that is a death.
    pool.close();
    expect(other.lockTake(at, -1)).toBe(2);
    expect(other.lockRelease(at)).toBe(true);
  });

  it('of an owner that is no process any more are taken over, whatever became of its id', () => {
    const pool = newPool();
    const at = pool.objectCreate(16);
    const words = new Uint32Array(pool.view(at, 8));
    for (const [pid, start] of [
      [2 ** 22 + 3, 5], // beyond any process id
      [process.pid, 1], // ours, but it began at another time
      [1, 0xffffffff],
    ] as const) {
      words.set([pid, start]);
      expect(pool.lockTry(at, false)).toBe(0);
      expect(pool.lockTry(at, true)).toBe(2);
      expect(pool.lockRelease(at)).toBe(true);
    }
    expect(words[0]).toBe(0);
  });

  it('and words can be awaited without blocking', () => {
    const pool = newPool();
    const at = pool.objectCreate(16);
    // Free: at once.
    const now = pool.lockAwait(at, 1000);
    expect(pollFd(now, READABLE, 5000)).toBe(READABLE);
    closeFd(now);
    pool.lockTry(at, false);
    const later = pool.lockAwait(at, 1000);
    expect(pollFd(later, READABLE, 20)).toBe(0);
    pool.lockRelease(at);
    expect(pollFd(later, READABLE, 5000)).toBe(READABLE);
    closeFd(later);

    expect(pool.futexWait(at + 8, 1, 1000)).toBe(true);
    expect(pool.futexWait(at + 8, 0, 10)).toBe(false);
    const word = pool.futexAwait(at + 8, 0, 60_000);
    let woken = 0;
    while (woken === 0) woken = pool.futexWake(at + 8, 5);
    expect(woken).toBe(1);
    expect(pollFd(word, READABLE, 5000)).toBe(READABLE);
    closeFd(word);
  });

  it('are only where they can be', () => {
    const pool = newPool();
    const at = pool.objectCreate(16);
    for (const bad of [0, 8, at + 4, MiB, MiB - 4, -8, 2 ** 53]) {
      expect(() => pool.lockTry(bad, false), String(bad)).toThrow(RangeError);
      expect(() => pool.lockAwait(bad, 1)).toThrow(RangeError);
    }
    expect(() => pool.futexWait(at + 2, 0, 0)).toThrow(RangeError);
    expect(thrown(() => pool.lockTry(at, 1 as never))).toBeInstanceOf(TypeError);
  });
});
