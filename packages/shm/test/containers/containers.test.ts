// What is declared, written and read in one process: values, accessors, memory given back, misuse.
import { inspect } from 'node:util';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { t } from '../../src/index.js';
import { newPool } from './support.js';

const Row = t.struct({
  id: t.u32,
  name: t.string,
  ratio: t.f64,
  tags: t.vector(t.string),
  point: t.optional(t.struct({ x: t.f32, y: t.f32 })),
  note: t.optional(t.string),
  grid: t.array(t.i16, 4),
  scores: t.map(t.string, t.u64),
  seen: t.set(t.i32),
  queue: t.list(t.struct({ what: t.string, n: t.u8 })),
});
const row = {
  id: 7,
  name: 'a name that does not fit in place',
  ratio: 0.5,
  tags: ['one', 'two', 'three and a longer one'],
  point: { x: 1.5, y: -2 },
  note: 'hm',
  grid: [1, -2, 3, -4],
  scores: new Map([
    ['x', 1n],
    ['a key that is long enough for a block', 2n ** 63n],
  ]),
  seen: new Set([3, -1]),
  queue: [
    { what: 'first', n: 1 },
    { what: 'second', n: 2 },
  ],
};

describe('a struct of everything', () => {
  it('gives back what went in, and its memory', () => {
    const pool = newPool();
    const free = pool.freeBytes;
    const object = pool.construct(Row, row);
    expect(object.toJS()).toEqual(row);
    expect(object.value.toJS()).toEqual(row);
    object.release();
    expect(pool.freeBytes).toBe(free);
  });

  it('is changed in place', () => {
    const pool = newPool();
    const free = pool.freeBytes;
    const object = pool.construct(Row);
    const { value } = object;
    expect(value.toJS()).toEqual({
      id: 0,
      name: '',
      ratio: 0,
      tags: [],
      point: undefined,
      note: undefined,
      grid: [0, 0, 0, 0],
      scores: new Map(),
      seen: new Set(),
      queue: [],
    });
    value.id = row.id;
    value.name = 'short';
    value.name = row.name;
    value.ratio = row.ratio;
    value.tags.push('one', 'two');
    value.tags.push('three and a longer one');
    value.point.assign(row.point);
    expect(value.point.value?.x).toBe(1.5);
    value.note = row.note;
    value.grid.view().set(row.grid);
    for (const [k, v] of row.scores) value.scores.set(k, v);
    for (const k of row.seen) value.seen.add(k);
    value.queue.push(row.queue[1]!);
    value.queue.unshift(row.queue[0]!);
    expect(object.toJS()).toEqual(row);
    expect(inspect(value)).toContain("name: 'a name that");
    value.tags.clear();
    value.scores.clear();
    value.assign({ id: 1, queue: [] });
    object.release();
    expect(pool.freeBytes).toBe(free);
    expect(inspect(object)).toContain('released');
  });

  it('has the types of its declaration', () => {
    const pool = newPool();
    using object = pool.construct(Row, row);
    const { value } = object;
    expectTypeOf(value.id).toEqualTypeOf<number>();
    expectTypeOf(value.name).toEqualTypeOf<string>();
    expectTypeOf(value.note).toEqualTypeOf<string | undefined>();
    expectTypeOf(value.scores.get('x')).toEqualTypeOf<bigint | undefined>();
    expectTypeOf(value.grid.view()).toEqualTypeOf<Int16Array>();
    expectTypeOf(value.queue.first!.what).toEqualTypeOf<string>();
    expectTypeOf(value.point.value!.x).toEqualTypeOf<number>();
    expectTypeOf(object.toJS()).toEqualTypeOf<{
      id: number;
      name: string;
      ratio: number;
      tags: string[];
      point: { x: number; y: number } | undefined;
      note: string | undefined;
      grid: number[];
      scores: Map<string, bigint>;
      seen: Set<number>;
      queue: { what: string; n: number }[];
    }>();
    // @ts-expect-error: a vector is changed within.
    expect(() => (value.tags = ['x'])).toThrow(TypeError);
    // @ts-expect-error: a number is no string.
    expect(() => (value.name = 5)).toThrow(TypeError);
    // @ts-expect-error: there is no such field.
    expect(() => value.assign({ nme: 'x' })).toThrow(TypeError);
    // @ts-expect-error: a struct is no key.
    t.map(Row, t.u8);
  });
});
