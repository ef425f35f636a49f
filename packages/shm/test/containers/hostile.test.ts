// A peer that writes anything anywhere into an object: reading and changing it gives values or coded errors.
import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PoolArena, type SharedType, t } from '../../src/index.js';
import { newPool } from './support.js';

const Inner = t.struct({ name: t.string, tags: t.vector(t.string), point: t.optional(t.array(t.f64, 2)) });
const Everything = t.struct({
  vector: t.vector(Inner),
  numbers: t.vector(t.f64),
  list: t.list(t.string),
  map: t.map(t.string, Inner),
  ints: t.map(t.u32, t.u32),
  set: t.set(t.f64),
  text: t.string,
  optional: t.optional(t.vector(t.u8)),
});
const inner = { name: 'longer than sixteen bytes', tags: ['a', 'also longer than sixteen'], point: [1, 2] };
const everything = {
  vector: [inner, inner],
  numbers: [1, 2, 3, 4],
  list: ['x', 'y', 'z which is longer than sixteen'],
  map: new Map([
    ['k', inner],
    ['another one, rather long', inner],
  ]),
  ints: new Map(Array.from({ length: 20 }, (_, i) => [i, i * i])),
  set: new Set([1, 2, 3]),
  text: 'some text, longer than sixteen',
  optional: [1, 2, 3],
};

/** All that users can do, each for itself. */
const USES: ((value: ReturnType<typeof live>) => unknown)[] = [
  (v) => v.toJS(),
  (v) => inspect(v),
  (v) => [...v.vector].map((each) => [each.name, ...each.tags, ...(each.point.value ?? [])]),
  (v) => v.numbers.view().reduce((a, b) => a + b, 0),
  (v) => [...v.list],
  (v) => [...v.map].map(([key, each]) => [key, each.name]),
  (v) => [...v.set],
  (v) => v.map.get('k')?.tags.at(0),
  (v) => v.ints.get(7),
  (v) => v.ints.set(1000, 5),
  (v) => v.ints.delete(3),
  (v) => v.map.set('new', inner),
  (v) => v.map.delete('k'),
  (v) => v.set.add(9),
  (v) => v.vector.push(inner),
  (v) => v.vector.pop(),
  (v) => v.vector.resize(1),
  (v) => v.numbers.append([1, 2, 3]),
  (v) => v.numbers.shrink(),
  (v) => v.list.push('w'),
  (v) => v.list.shift(),
  (v) => v.list.clear(),
  (v) => v.map.clear(),
  (v) => v.ints.reserve(100),
  (v) => (v.text = 'y'.repeat(40)),
  (v) => v.optional.assign(undefined),
  (v) => v.assign(everything),
];
const live = () => newPool().construct(Everything).value;

const END = 16 * 1024;

const RUNS = { numRuns: process.env.FLOW_IPC_LONG ? 100_000 : 2000 };

it('nothing but values and coded errors come of it', async () => {
  const place = fc.nat(END / 8 - 1);
  // Small numbers, near and far pointers, and anything.
  const word = fc.oneof(
    fc.bigInt({ min: -4096n, max: 4096n }),
    fc.bigInt({ min: -(2n ** 21n), max: 2n ** 21n }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  );
  let failed = 0;
  let runs = 0;
  let wentOn = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(place, word), { minLength: 1, maxLength: 6 }),
      fc.array(fc.nat(USES.length - 1), { maxLength: 6 }),
      async (writes, uses) => {
        const pool = newPool(1);
        const object = pool.construct(Everything, everything);
        const start = Number(new DataView(object.handle.buffer).getBigInt64(0, true));
        const used = pool.stats().usedBytes;
        const whole = pool.view(0, 2 ** 20);
        const words = new BigInt64Array(whole);
        // Within the object and its blocks, but not in the headers between: those are the allocator's own business.
        const allowed = blockBodies(new DataView(whole), start, used);
        for (const [at, value] of writes) words[allowed[at % allowed.length]!] = value;
        runs++;
        try {
          for (const use of uses) {
            try {
              USES[use]!(object.value);
            } catch (err) {
              failed++;
              expect(acceptable(err), inspect(err)).toBe(true);
            }
          }
          object.release();
        } catch (err) {
          expect(acceptable(err), inspect(err)).toBe(true);
        }
        // The pool goes on, but where two owners had one block: what one of them frees the other goes on writing, and
        // the links of free blocks are there.
        try {
          pool.free(pool.allocate(100));
          wentOn++;
        } catch (err) {
          expect(acceptable(err), inspect(err)).toBe(true);
        }
        pool.detach([whole]);
        pool.close();
        PoolArena.removePersistent(pool.name);
        // Then the mappings go, of which a process has 65,530 at most.
        if (runs % 1000 === 0) await new Promise(setImmediate);
      },
    ),
    RUNS,
  );
  expect(failed).toBeGreaterThan(runs / 10);
  expect(wentOn).toBeGreaterThan(0.999 * runs);
}, 600_000);

it.each([
  ['room for more than there is', 1, -(1n << 32n) + 4n],
  ['room for a little more than there is', 1, (1n << 49n) + 4n],
  ['elements far before the pool, which look near', 0, -(1n << 32n) + 48n],
])('a vector with %s is no vector', (_what, word, value) => {
  const pool = newPool(1);
  const object = pool.construct(t.vector(t.f64), [1, 2, 3, 4]);
  const start = Number(new DataView(object.handle.buffer).getBigInt64(0, true));
  new BigInt64Array(pool.view(start, 16))[word] = value;
  expect(() => object.value.view()).toThrow(expect.objectContaining({ code: 'ERR_FLOW_IPC_SHM_CORRUPTED' }));
  pool.close();
  PoolArena.removePersistent(pool.name);
});

it.each([
  ['list', t.list(t.u32), [1, 2, 3], { first: 0, next: 0, count: 16 }],
  ['set', t.set(t.u32), new Set([1, 2, 3]), { first: 8, next: 8, count: 24 }],
  ['map', t.map(t.u32, t.u32), new Map([1, 2, 3].map((i) => [i, i])), { first: 8, next: 8, count: 24 }],
] as const)('a %s that leads round in a circle is soon seen for what it is', (_what, type, value, layout) => {
  const pool = newPool(1);
  const object = pool.construct<SharedType>(type, value);
  const data = new DataView(pool.view(0, 2 ** 20));
  const start = Number(new DataView(object.handle.buffer).getBigInt64(0, true));
  const follow = (field: number) => field + Number(data.getBigInt64(field, true));
  const first = follow(start + layout.first);
  const last = follow(follow(first + layout.next) + layout.next);
  data.setBigInt64(last + layout.next, BigInt(first - last - layout.next), true);
  data.setUint32(start + layout.count, 2 ** 32 - 1, true);
  const live = object.value as Iterable<unknown> & { clear(): void };
  for (const use of [() => object.toJS(), () => [...live], () => live.clear(), () => object.release()])
    expect(use).toThrow(expect.objectContaining({ code: 'ERR_FLOW_IPC_SHM_CORRUPTED' }));
  pool.close();
  PoolArena.removePersistent(pool.name);
});

function acceptable(err: unknown): boolean {
  const { code, name } = err as { code?: string; name?: string };
  // A count that says there is no such element is what a RangeError of at() is for.
  return code?.startsWith('ERR_FLOW_IPC_SHM_') === true || (name === 'RangeError' && code === undefined);
}

/** Indices of the 64-bit words in allocated blocks from `start` on, headers left out. */
function blockBodies(data: DataView, start: number, used: number): number[] {
  const indices: number[] = [];
  let block = 160;
  for (let seen = 0; seen < used; ) {
    const high = data.getUint32(block + 12, true);
    const bytes = (data.getUint32(block + 8, true) + (high & 0x3fffffff) * 2 ** 32) * 16;
    if ((high & 0x80000000) !== 0) {
      seen += bytes;
      for (let at = block + 16; at < block + bytes; at += 8) indices.push(at / 8);
    }
    block += bytes;
  }
  return indices.filter((index) => index * 8 >= Math.min(start, 176));
}
