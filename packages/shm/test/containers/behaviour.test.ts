// Ends of things: what is released, removed, moved or read-only says so, and views are empty rather than dangling.
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { PoolArena, SharedObject, t } from '../../src/index.js';
import { coded, newPool } from './support.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

describe('an object', () => {
  const Type = t.struct({ a: t.u32, v: t.vector(t.f64), m: t.map(t.u8, t.string) });

  it('that was released is dead here, and lives on with its other owner', () => {
    const pool = newPool();
    const free = pool.freeBytes;
    const object = pool.construct(Type, { a: 1, v: [1, 2], m: [[1, 'x']] });
    const { value } = object;
    const { v, m } = value;
    const numbers = v.view();
    const other = pool.borrow(Type, object.lend());
    object.release();
    object.release();
    expect(object.released).toBe(true);
    for (const use of [
      () => object.value,
      () => object.toJS(),
      () => object.lend(),
      () => object.handle,
      () => object.set({ a: 2 }),
      () => value.a,
      () => (value.a = 2),
      () => value.v.length,
      () => v.length,
      () => v.push(1),
      () => v.view(),
      () => m.get(1),
      () => [...m],
    ]) {
      expect(use, use.toString()).toThrow(coded('RELEASED'));
    }
    expect(numbers.length).toBe(0);
    expect(other.value.v.at(1)).toBe(2);
    other.release();
    expect(pool.freeBytes).toBe(free);
  });

  it('of a pool that was closed says so, and was given back', () => {
    const pool = newPool();
    const other = PoolArena.open(pool.name);
    const free = other.freeBytes;
    const object = pool.construct(Type, { v: [1, 2, 3] });
    const { v } = object.value;
    const numbers = v.view();
    pool.close();
    expect(numbers.length).toBe(0);
    expect(() => v.length).toThrow(coded('RELEASED'));
    expect(() => pool.construct(Type)).toThrow(coded('CLOSED'));
    expect(() => pool.borrow(Type, new Uint8Array(8).fill(1))).toThrow(coded('BAD_HANDLE'));
    object.release();
    expect(other.freeBytes).toBe(free);
    other.close();
  });

  it('that nobody can see any more is released, but not while a view of it is seen', async () => {
    const pool = newPool();
    const view = (() => pool.construct(Type, { v: [5, 6] }).value.v.view())();
    (() => pool.construct(Type, { m: [[1, 'gone']] }))();
    const settle = async (expected: () => boolean) => {
      for (let i = 0; i < 100 && !expected(); i++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    await settle(() => pool.stats().held === 1);
    expect(pool.stats().held).toBe(1);
    expect([...view]).toEqual([5, 6]);
  });

  it('is only what a handle of it leads to', () => {
    const pool = newPool();
    const free = pool.freeBytes;
    const object = pool.construct(Type);
    const blob = object.lend();
    expect(blob.length).toBe(8);
    for (const bad of [
      new Uint8Array(0),
      new Uint8Array(7),
      new Uint8Array(16),
      new Uint8Array(8),
      blob.map((b) => ~b),
    ])
      expect(() => pool.borrow(Type, bad)).toThrow(coded('BAD_HANDLE'));
    expect(() => pool.borrow(t.u8, blob)).toThrow(coded('BAD_HANDLE'));
    pool.borrow(Type, blob).release();
    object.release();
    expect(() => pool.borrow(Type, blob)).toThrow(coded('BAD_HANDLE'));
    expect(pool.freeBytes).toBe(free);
    expect(pool.stats()).toMatchObject({ held: 0, lent: 1, blocks: 0, fragmentation: 0 });
  });

  it('behind a random handle is refused or real', () => {
    const pool = newPool(256);
    const real = new Set(
      Array.from({ length: 200 }, () => Buffer.from(pool.construct(Type).lend()).toString('hex')),
    );
    let found = 0;
    const view = new DataView(new ArrayBuffer(8));
    const blob = new Uint8Array(view.buffer);
    for (let i = 0; i < 30_000; i++) {
      view.setBigInt64(
        0,
        BigInt(Math.floor(Math.random() * (i % 2 ? 2 ** 15 : 2 ** 53)) & ~(i % 3 ? 15 : 0)),
        true,
      );
      try {
        new SharedObject(pool, Type, 0, pool.borrow(Type, blob) as never);
        found++;
        if (!real.has(Buffer.from(blob).toString('hex'))) throw new Error('not one of ours');
      } catch (err) {
        if ((err as { code?: string }).code !== 'ERR_FLOW_IPC_SHM_BAD_HANDLE') throw err;
      }
    }
    expect(found).toBeGreaterThan(0);
  });
});

describe('a pool', () => {
  it('is unmapped when it is closed, not when it is collected', () => {
    const mappings = () => readFileSync('/proc/self/maps', 'utf8').split(pool.name).length - 1;
    const pool = newPool();
    const view = new Uint8Array(pool.view(pool.allocate(10), 10));
    expect(mappings()).toBe(1);
    pool.construct(t.vector(t.u8), [1]).value.view();
    pool.close();
    expect(mappings()).toBe(1);
    pool.detach([view.buffer]);
    expect(mappings()).toBe(0);
  });

  it('lists and removes names', () => {
    const prefix = `flowipc_names_${process.pid}_`;
    PoolArena.openOrCreate(`${prefix}a`, { sizeMi: 1 }).close();
    const made = PoolArena.create(`${prefix}b`, { sizeMi: 1, commit: true });
    expect(PoolArena.listPersistent(prefix).sort()).toEqual([`${prefix}a`, `${prefix}b`]);
    made.close();
    // Who opened or made it in one does not own the name.
    expect(PoolArena.listPersistent(prefix)).toEqual([`${prefix}a`]);
    expect(PoolArena.removePersistent(`${prefix}a`)).toBe(true);
    expect(PoolArena.removePersistent(`${prefix}a`)).toBe(false);
    expect(() => PoolArena.open(`${prefix}a`)).toThrow(
      expect.objectContaining({ code: 'ERR_FLOW_IPC_SYSTEM' }),
    );
  });

  it('gives raw blocks, alone and in batches, and takes them back', () => {
    const pool = newPool();
    const free = pool.freeBytes;
    const one = pool.allocate(100);
    new Uint8Array(pool.view(one, 100)).fill(1);
    const many = pool.allocateMany(64, 50);
    expect(new Set(many).size).toBe(50);
    expect(() => pool.free(one + 1)).toThrow(coded('BAD_HANDLE'));
    expect(() => pool.allocateMany(2 ** 20, 50)).toThrow(coded('OUT_OF_MEMORY'));
    pool.free(one);
    pool.freeMany(many);
    expect(() => pool.freeMany(many)).toThrow(coded('BAD_HANDLE'));
    expect(pool.freeBytes).toBe(free);
  });
});

describe('a view', () => {
  it('is the memory itself, and dies when elements move', () => {
    const pool = newPool();
    const mine = pool.construct(t.vector(t.u16), [1, 2, 3]);
    const theirs = PoolArena.open(pool.name).borrow(mine.type, mine.lend());
    const seen = theirs.value.view();
    mine.value.view()[1] = 777;
    expect([...seen]).toEqual([1, 777, 3]);
    expect(mine.value.view().buffer).toBe(mine.value.view().buffer);
    const before = mine.value.view();
    const wall = pool.allocate(1);
    mine.value.reserve(10_000);
    expect(before.length).toBe(0);
    pool.free(wall);
    expect([...mine.value.view()]).toEqual([1, 777, 3]);
    const later = mine.value.view();
    mine.value.push(4);
    // There was room: nothing had to move.
    expect([...later]).toEqual([1, 777, 3]);
    mine.value.clear();
    expect(later.length).toBe(0);
    expect(mine.value.view().length).toBe(0);
    mine.release();
    theirs.release();
  });

  it('stays when a vector is assigned what there is room for, also out of itself', () => {
    const pool = newPool();
    const free = pool.freeBytes;
    const object = pool.construct(
      t.vector(t.f64),
      Float64Array.from({ length: 100 }, (_, i) => i),
    );
    const other = pool.borrow(t.vector(t.f64), object.lend());
    const before = pool.freeBytes;
    const [view, theirs] = [object.value.view(), other.value.view()];
    object.value.assign(Float64Array.from({ length: 100 }, (_, i) => 2 * i));
    expect([view[99], theirs[99]]).toEqual([198, 198]);
    object.value.assign(object.value.view().subarray(40));
    expect([object.value.length, view[0], view[59]]).toEqual([60, 80, 198]);
    object.value.assign([7, 8, 9].concat(new Array(47).fill(1)));
    expect([object.value.length, ...view.subarray(0, 3)]).toEqual([50, 7, 8, 9]);
    // An array of other numbers is converted; of a kind that cannot be, nothing comes in.
    object.value.assign(new Uint8Array(50).fill(3) as never);
    expect(() => object.value.assign(new BigInt64Array(5) as never)).toThrow(TypeError);
    expect(object.toJS()).toEqual(new Array(50).fill(3));
    expect(object.value.capacity).toBe(100);
    expect(pool.freeBytes).toBe(before);
    // Far less gives back what is too much, and nothing gives back all.
    object.value.assign(Float64Array.of(1, 2, 3));
    expect([object.toJS(), object.value.capacity, pool.freeBytes > before]).toEqual([[1, 2, 3], 6, true]);
    object.value.assign(Float64Array.from({ length: 1000 }, (_, i) => i));
    expect([object.value.length, object.value.view()[999]]).toEqual([1000, 999]);
    object.value.assign([]);
    expect([object.value.length, object.value.capacity, object.value.view().length]).toEqual([0, 0, 0]);
    for (const each of [other, object]) each.release();
    expect(pool.freeBytes).toBe(free);
  });

  it('of a fixed array dies with the object, or the element it is in', () => {
    const pool = newPool();
    const object = pool.construct(t.map(t.u8, t.array(t.f32, 4)), [[1, [1, 2, 3, 4]]]);
    const view = object.value.get(1)!.view();
    expect([...view]).toEqual([1, 2, 3, 4]);
    object.value.delete(1);
    expect(view.length).toBe(0);
    const other = object.value.getOrAdd(2).view();
    object.release();
    expect(other.length).toBe(0);
  });
});

describe('an accessor', () => {
  it('stays with its element of a vector, wherever that moves', () => {
    using object = newPool().construct(t.vector(t.struct({ x: t.u32 })), [{ x: 1 }, { x: 2 }]);
    const v = object.value;
    const second = v.at(1);
    for (let i = 0; i < 1000; i++) v.push({ x: i });
    second.x = 5;
    expect(v.at(1).x).toBe(5);
    v.resize(1);
    expect(() => second.x).toThrow(RangeError);
  });

  it('of what was removed is dead, here and elsewhere', () => {
    const pool = newPool();
    using object = pool.construct(t.struct({ m: t.map(t.u8, t.vector(t.u8)), l: t.list(t.vector(t.u8)) }), {
      m: [[1, [1]]],
      l: [[1]],
    });
    using other = PoolArena.open(pool.name).borrow(object.type, object.lend());
    const [one, first] = [other.value.m.get(1)!, other.value.l.first!];
    object.value.m.delete(1);
    object.value.l.shift();
    for (let i = 0; i < 3; i++) {
      expect(() => one.length).toThrow(coded('RELEASED'));
      expect(() => first.push(1)).toThrow(coded('RELEASED'));
      // What takes their place is not taken for them.
      object.value.m.set(1, [9]);
      object.value.l.push([9]);
    }
  });

  it('of an optional that was cleared is dead', () => {
    using object = newPool().construct(t.struct({ o: t.optional(t.vector(t.u8)) }), { o: [1] });
    const inner = object.value.o.value!;
    object.value.o.clear();
    expect(object.value.o.present).toBe(false);
    expect(() => inner.length).toThrow(coded('RELEASED'));
    object.value.o.getOrAdd().push(5);
    expect(object.toJS()).toEqual({ o: [5] });
  });

  it('meets what is changed under an iteration', () => {
    using object = newPool().construct(t.struct({ m: t.map(t.u8, t.u8), l: t.list(t.u8) }), {
      m: [1, 2, 3, 4].map((k) => [k, k] as const),
      l: [1, 2, 3],
    });
    const { m, l } = object.value;
    const seen: number[] = [];
    for (const [k] of m) {
      seen.push(k);
      m.delete(k);
      if (k < 20) m.set(k + 10, 0);
    }
    expect(seen).toEqual([1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24]);
    expect(() => {
      for (const _ of l) l.clear();
    }).toThrow(coded('RELEASED'));
  });
});

describe('read-only', () => {
  it('reads everything and changes nothing', () => {
    const pool = newPool();
    const Type = t.struct({
      a: t.u32,
      v: t.vector(t.f64),
      m: t.map(t.u8, t.string),
      n: t.atomicU32,
      lock: t.mutex,
      l: t.list(t.u8),
      s: t.set(t.u8),
      f: t.array(t.u8, 2),
      o: t.optional(t.vector(t.u8)),
    });
    using object = pool.construct(Type, { a: 1, v: [1, 2], m: [[1, 'x']], n: 5 });
    const reader = PoolArena.open(pool.name, { readOnly: true });
    using seen = reader.borrow(Type, object.handle);
    expect(seen.toJS()).toEqual(object.toJS());
    const { value } = seen;
    for (const change of [
      () => (value.a = 2),
      () => value.assign({ a: 2 }),
      () => value.v.push(1),
      () => value.v.set(0, 1),
      () => value.m.set(1, 'y'),
      () => value.m.delete(1),
      () => value.m.clear(),
      () => value.n.add(1),
      () => value.n.notify(),
      () => value.lock.tryLock(),
      () => value.l.push(1),
      () => value.s.add(1),
      () => value.f.set(0, 1),
      () => value.o.getOrAdd(),
      () => seen.set({ a: 2 }),
      () => seen.lend(),
      () => reader.construct(Type),
      () => reader.allocate(10),
      () => reader.stats(),
    ]) {
      expect(change, change.toString()).toThrow(coded('READ_ONLY'));
    }
    object.value.m.set(2, 'later');
    expect(value.m.get(2)).toBe('later');
    // A stray write stays here.
    value.v.view()[0] = 99;
    expect(object.toJS()).toMatchObject({ a: 1, v: [1, 2], n: 5 });
    reader.close();
  });
});

describe('misuse', () => {
  it('is a TypeError or a RangeError, and changes nothing', () => {
    using object = newPool().construct(
      t.struct({
        u: t.u8,
        i: t.i64,
        s: t.string,
        b: t.bool,
        v: t.vector(t.u8),
        m: t.map(t.i8, t.u8),
        f: t.array(t.u8, 2),
      }),
      { u: 1, i: 2n, s: 'x', b: true, v: [1], m: [[1, 1]], f: [1, 2] },
    );
    const before = object.toJS();
    const { value } = object;
    for (const [use, type] of [
      [() => (value.u = 256), RangeError],
      [() => (value.u = -1), RangeError],
      [() => (value.u = 1.5), RangeError],
      [() => (value.u = '1' as never), TypeError],
      [() => (value.i = 2n ** 63n), RangeError],
      [() => (value.i = 5 as never), RangeError],
      [() => (value.s = 5 as never), TypeError],
      [() => (value.b = 1 as never), TypeError],
      [() => value.v.push(300), RangeError],
      [() => value.v.at(1), RangeError],
      [() => value.v.at(-1), RangeError],
      [() => value.v.at(0.5), RangeError],
      [() => value.v.resize(-1), RangeError],
      [() => value.m.get(200), RangeError],
      [() => value.m.set(2, 300), RangeError],
      [() => value.m.set('x' as never, 1), TypeError],
      [() => value.f.at(2), RangeError],
      [() => value.f.assign([1, 2, 3]), RangeError],
      [() => object.set(5 as never), TypeError],
    ] as const) {
      expect(use, use.toString()).toThrow(type);
    }
    expect(object.toJS()).toEqual(before);
    expect(() => t.vector(t.mutex)).toThrow(TypeError);
    expect(() => t.vector(t.struct({ n: t.atomicI64 }))).toThrow(TypeError);
    expect(() => t.struct({})).toThrow(TypeError);
    expect(() => t.struct({ toJS: t.u8 })).toThrow(TypeError);
    expect(() => t.array(t.u8, 0)).toThrow(RangeError);
  });
});
