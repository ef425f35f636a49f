// Containers that grow and shrink where they lie: what moves, what stays visible, and what of the pool is free then.
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type PoolArena, t } from '../../src/index.js';
import { coded, newPool } from './support.js';

/** A block of the pool's allocator: header, and room that ends in the next header. */
const blockBytes = (bytes: number) => Math.max(48, Math.ceil((bytes - 8) / 16) * 16 + 16);

/** What `use` allocated anew, and by how many bytes the free memory became less. */
function watch(pool: PoolArena, use: () => void): { allocated: number; less: number } {
  const allocate = vi.spyOn(pool, 'allocate');
  const before = pool.freeBytes;
  use();
  const allocated = allocate.mock.calls.length;
  allocate.mockRestore();
  return { allocated, less: before - pool.freeBytes };
}

describe('blocks of an arena', () => {
  it('grow as far as the memory behind them is free, and give back what they do not need', () => {
    const pool = newPool(1);
    const free = pool.freeBytes;
    const [block, wall] = [pool.allocate(1000), pool.allocate(8)];
    expect(pool.extend(block, 2000)).toBe(false);
    expect(pool.shrink(block, 100)).toBe(true);
    expect(pool.extend(block, 900)).toBe(true);
    pool.free(wall);
    expect(pool.extend(block, 900_000)).toBe(true);
    expect(pool.extend(block, 2 ** 40)).toBe(false);
    expect(free - pool.freeBytes).toBe(blockBytes(900_000));
    expect(() => pool.extend(block + 16, 1)).toThrow(coded('BAD_HANDLE'));
    expect(() => pool.shrink(block + 16, 1)).toThrow(coded('BAD_HANDLE'));
    pool.free(block);
    expect(pool.freeBytes).toBe(free);
    pool.close();
    expect(() => pool.extend(block, 1)).toThrow(coded('CLOSED'));
  });
});

describe('a vector', () => {
  it('grows where it lies, and views of it stay', () => {
    const pool = newPool();
    using object = pool.construct(t.vector(t.f64), [1, 2, 3]);
    const v = object.value;
    const [first, capacity] = [v.view(), v.capacity];
    const { allocated, less } = watch(pool, () => {
      for (let i = 4; i <= 1000; i++) v.push(i);
    });
    expect(allocated).toBe(0);
    expect(less).toBe(blockBytes(v.capacity * 8) - blockBytes(capacity * 8));
    expect([...first]).toEqual([1, 2, 3]);
    first[1] = 7;
    const second = v.view();
    expect(second.length).toBe(1000);
    expect(second[1]).toBe(7);
    v.resize(3000);
    second[2] = 8;
    first[0] = 9;
    expect([...v.view().subarray(0, 4)]).toEqual([9, 7, 8, 4]);
    object.release();
    expect([first.length, second.length]).toEqual([0, 0]);
  });

  it('can be larger than half of the pool, which copying could not make it', () => {
    const pool = newPool(1);
    using object = pool.construct(t.vector(t.u8));
    object.value.reserve(600_000);
    object.value.append(new Uint8Array(600_000).fill(5));
    object.value.reserve(1_000_000);
    expect(object.value.capacity).toBe(1_000_000);
    expect(object.value.view().every((each) => each === 5)).toBe(true);
    expect(() => object.value.reserve(2_000_000)).toThrow(coded('OUT_OF_MEMORY'));
  });

  it('moves when somebody is behind it: then views are empty', () => {
    const pool = newPool();
    const free = pool.freeBytes;
    const object = pool.construct(t.vector(t.f64), [1, 2, 3]);
    const wall = pool.allocate(100);
    const view = object.value.view();
    const { allocated } = watch(pool, () => object.value.reserve(100));
    expect(allocated).toBe(1);
    expect(view.length).toBe(0);
    expect(object.toJS()).toEqual([1, 2, 3]);
    pool.free(wall);
    object.release();
    expect(pool.freeBytes).toBe(free);
  });

  it('shrinks where it lies, in a pool that has no room for another', () => {
    const pool = newPool(1);
    using object = pool.construct(
      t.vector(t.u32),
      Array.from({ length: 10_000 }, (_, i) => i),
    );
    const v = object.value;
    v.reserve(200_000);
    const rest = pool.stats().largestFree;
    const wall = pool.allocate(rest);
    expect(() => pool.allocate(1000)).toThrow(coded('OUT_OF_MEMORY'));
    const [whole, capacity] = [v.view(), v.capacity];
    const { allocated, less } = watch(pool, () => v.shrink());
    expect([allocated, less]).toEqual([0, blockBytes(40_000) - blockBytes(capacity * 4)]);
    expect(v.capacity).toBe(10_000);
    // It would have shown what is free now.
    expect(whole.length).toBe(0);
    expect(v.view().at(-1)).toBe(9999);
    const view = v.view();
    v.resize(1000);
    expect(view.length).toBe(0);
    expect(v.capacity).toBe(2000);
    expect(v.view().at(-1)).toBe(999);
    pool.free(wall);
  });

  it('of structs keeps its elements and what they lead to where they are', () => {
    const pool = newPool();
    const free = pool.freeBytes;
    const Row = t.struct({ name: t.string, tags: t.vector(t.string) });
    const row = { name: 'longer than sixteen bytes', tags: ['x', 'also longer than sixteen'] };
    const object = pool.construct(t.vector(Row));
    const v = object.value;
    v.reserve(10);
    const { allocated } = watch(pool, () => v.reserve(20));
    expect(allocated).toBe(0);
    for (let i = 0; i < 50; i++) v.push(row);
    v.resize(2);
    v.shrink();
    expect(object.toJS()).toEqual([row, row]);
    object.release();
    expect(pool.freeBytes).toBe(free);
  });

  it('shows in each view, for as long as it is not empty, what it holds', () => {
    const which = fc.nat(1);
    const length = fc.oneof(fc.nat(30), fc.nat(3000));
    const step = fc.oneof(
      fc.record({ what: fc.constant('resize' as const), which, length }),
      fc.record({ what: fc.constant('append' as const), which, length: fc.nat(40) }),
      fc.record({ what: fc.constant('reserve' as const), which, length }),
      fc.record({ what: fc.constant('shrink' as const), which, length }),
      fc.record({ what: fc.constant('wall' as const), which, length }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pool = newPool(1);
        const free = pool.freeBytes;
        const objects = [pool.construct(t.vector(t.u32)), pool.construct(t.vector(t.u32))];
        const models: number[][] = [[], []];
        const views: Uint32Array[][] = [[], []];
        const walls: number[] = [];
        let value = 0;
        for (const { what, which: i, length: n } of steps) {
          const v = objects[i]!.value;
          const model = models[i]!;
          if (what === 'resize') {
            v.resize(n);
            while (model.length < n) model.push(0);
            model.length = n;
          } else if (what === 'append') {
            const more = Array.from({ length: n }, () => ++value);
            v.append(more);
            model.push(...more);
          } else if (what === 'reserve') {
            v.reserve(n);
          } else if (what === 'shrink') {
            v.shrink();
          } else if (i === 0) {
            walls.push(pool.allocate(n + 1));
          } else if (walls.length > 0) {
            pool.free(walls.pop()!);
          }
          views[i]!.push(v.view());
          for (const [k, each] of models.entries()) {
            expect(objects[k]!.toJS()).toEqual(each);
            for (const view of views[k]!) {
              if (view.length === 0) continue;
              const seen = view.subarray(0, each.length);
              expect([...seen]).toEqual(each.slice(0, seen.length));
            }
          }
        }
        expect(views.every((all, i) => all.length === 0 || all.at(-1)!.length <= models[i]!.length)).toBe(
          true,
        );
        for (const object of objects) object.release();
        expect(views.flat().every((view) => view.length === 0)).toBe(true);
        for (const wall of walls) pool.free(wall);
        expect(pool.freeBytes).toBe(free);
        pool.close();
      }),
      { numRuns: process.env.FLOW_IPC_LONG ? 2000 : 60 },
    );
  });
});

describe('text', () => {
  it('becomes longer and shorter where it lies', () => {
    const pool = newPool();
    using object = pool.construct(t.struct({ text: t.string }), { text: 'x'.repeat(40) });
    const { value } = object;
    const grown = watch(pool, () => (value.text = 'y'.repeat(5000)));
    expect(grown).toEqual({ allocated: 0, less: blockBytes(5000) - blockBytes(40) });
    expect(value.text).toBe('y'.repeat(5000));
    expect(watch(pool, () => (value.text = 'z'.repeat(2000)))).toEqual({ allocated: 0, less: 0 });
    const cut = watch(pool, () => (value.text = 'ä'.repeat(50)));
    expect(cut).toEqual({ allocated: 0, less: blockBytes(100) - blockBytes(5000) });
    expect(value.text).toBe('ä'.repeat(50));
    const wall = pool.allocate(1);
    expect(watch(pool, () => (value.text = 'w'.repeat(300))).allocated).toBe(1);
    expect(value.text).toBe('w'.repeat(300));
    pool.free(wall);
  });
});

describe('a map', () => {
  it('is rehashed within its buckets when they can grow, and always when they shrink', () => {
    const pool = newPool(1);
    const free = pool.freeBytes;
    const object = pool.construct(t.map(t.u32, t.u32));
    const map = object.value;
    map.reserve(8);
    expect(watch(pool, () => map.reserve(1024))).toEqual({
      allocated: 0,
      less: blockBytes(8192) - blockBytes(64),
    });
    for (let i = 0; i < 1000; i++) map.set(i, i * i);
    // Nodes are behind the buckets now.
    expect(watch(pool, () => map.reserve(2048)).allocated).toBe(1);
    const wall = pool.allocate(pool.stats().largestFree);
    const { allocated } = watch(pool, () => {
      for (let i = 0; i < 990; i++) map.delete(i);
    });
    expect(allocated).toBe(0);
    expect([...map.keys()]).toEqual([990, 991, 992, 993, 994, 995, 996, 997, 998, 999]);
    expect(map.get(995)).toBe(995 * 995);
    pool.free(wall);
    // 10 keys need no more than 128 buckets.
    expect(free - pool.freeBytes).toBeLessThan(blockBytes(128 * 8) + 10 * 64 + 64);
    object.release();
    expect(pool.freeBytes).toBe(free);
  });
});
