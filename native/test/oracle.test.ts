// Our pools under plain Boost, and plain Boost's under ours.
import { constants } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Pool, poolCreate, poolOpen, shmUnlink } from '../ts/index.js';
import { oracle } from './oracle/oracle.mjs';
import { uniqueName } from './support.js';

const { ENOMEM } = constants.errno;
/** From the books on: before them there is the mutex. */
const image = (pool: Pool) => Buffer.from(pool.view(56, pool.size - 56));

describe('a pool that we made', () => {
  it.each([4096 * 300, 1_000_001])('of %d bytes opens, checks and allocates in Boost', (size) => {
    const pool = poolCreate(uniqueName(), size, 0o600);
    const free = pool.freeBytes();
    const kept = pool.allocate(777);
    expect(oracle('exercise', pool.name).slice(0, 2)).toEqual(['1', '1']);
    const theirs = Number(oracle('allocate', pool.name, 500, 66)[0]);
    expect(new Uint8Array(pool.view(theirs, 500)).every((v) => v === 66)).toBe(true);
    expect(pool.free(theirs)).toBe(0);
    expect(oracle('free', pool.name, kept)).toEqual(['1', String(free)]);
  });

  it('holds lists that C++ reads and frees', () => {
    const pool = poolCreate(uniqueName(), 1 << 20, 0o600);
    const free = pool.freeBytes();
    const list = pool.listCreate();
    new Uint8Array(pool.listGrow(list, 64) as ArrayBuffer).fill(1);
    new Uint8Array(pool.listGrow(list, 4096) as ArrayBuffer).fill(2);
    expect(pool.listLend(list, [3, 5])).toBe(0);
    expect(oracle('take', pool.name, list).slice(0, 5)).toEqual(['2', '2', '010101', '0202020202', '1']);
    expect(oracle('take', pool.name, list)).toEqual(['1', '2', '010101', '0202020202', '1', String(free)]);
    const stored = pool.listStore(new Uint8Array([1, 2, 3]), 0, 3);
    expect(oracle('take', pool.name, stored)).toEqual(['1', '1', '010203', '1', String(free)]);
  });
});

describe('lists and blocks that come and go', () => {
  it('leave books that Boost finds sane, whoever frees them', () => {
    const pool = poolCreate(uniqueName(), 1 << 18, 0o600);
    const free = pool.freeBytes();
    const sizes = fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 4 });
    const step = fc.record({
      sizes,
      extra: fc.integer({ min: 1, max: 300 }),
      gone: fc.nat(),
      theirs: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        const held: { list: number; blocks: boolean }[] = [];
        let theirs = 0;
        for (const { sizes, extra, gone, theirs: byBoost } of steps) {
          const [first, ...more] = sizes;
          const list = pool.listStore(new Uint8Array(first!), 0, first!);
          if (list > 0) {
            held.push({ list, blocks: false });
            for (const size of more) pool.listGrow(list, Math.ceil(size / 8) * 8);
          }
          const block = pool.allocate(extra);
          if (block > 0) held.push({ list: block, blocks: true });
          if (gone % 3 === 0 || held.length === 0) continue;
          const [{ list: at, blocks }] = held.splice(gone % held.length, 1) as [(typeof held)[0]];
          if (blocks) expect(pool.free(at)).toBe(0);
          else if (byBoost && theirs++ < 2) oracle('take', pool.name, at);
          else expect(pool.listRelease(at, [])).toBe(0);
        }
        expect(oracle('sanity', pool.name)).toEqual(['1', String(pool.freeBytes())]);
        for (const { list, blocks } of held)
          expect(blocks ? pool.free(list) : pool.listRelease(list, [])).toBe(0);
        expect(oracle('sanity', pool.name)).toEqual(['1', String(free)]);
      }),
      { numRuns: 30 },
    );
  });
});

describe('blocks that grow and shrink where they are', () => {
  it('leave the bytes that Boost leaves, and a pool that it can fill and empty', () => {
    const size = 1 << 20;
    const [ours, theirs] = [poolCreate(uniqueName(), size, 0o600), poolCreate(uniqueName(), size, 0o600)];
    const allocate = (bytes: number) => {
      const offset = ours.allocate(bytes);
      expect(theirs.allocate(bytes)).toBe(offset);
      return offset;
    };
    const both = (command: 'extend' | 'shrink', offset: number, bytes: number, can = true) => {
      expect(ours[command](offset, bytes)).toBe(can ? 0 : -ENOMEM);
      expect(oracle(command, theirs.name, offset, bytes)).toEqual([can ? '1' : '0']);
    };
    const blocks = [100, 300, 200, 60, 700, 90, 40, 1000].map(allocate);
    for (const i of [1, 3, 5]) for (const pool of [ours, theirs]) expect(pool.free(blocks[i]!)).toBe(0);
    both('extend', blocks[0]!, 200); // some of a gap
    both('extend', blocks[2]!, 230); // all of one
    both('extend', blocks[2]!, 300, false);
    both('extend', blocks[4]!, 790); // all but crumbs
    both('shrink', blocks[4]!, 300); // a gap where there was none
    both('shrink', blocks[7]!, 10); // to the end of the pool
    both('extend', blocks[7]!, 3000);
    both('extend', blocks[7]!, size, false);
    both('shrink', blocks[0]!, 150); // in front of a gap, which becomes larger
    expect(image(ours).equals(image(theirs))).toBe(true);
    expect(oracle('sanity', ours.name)).toEqual(['1', String(theirs.freeBytes())]);
    const [middle, after, before, left] = oracle('exercise', ours.name);
    expect([middle, after, before]).toEqual(['1', '1', left]);
    for (const i of [0, 2, 4, 6, 7]) expect(oracle('free', ours.name, blocks[i]!)[0]).toBe('1');
    expect(ours.freeBytes()).toBe(size - 160);
  });
});

describe('any sequence of blocks that come, go, grow and shrink', () => {
  const SIZE = 1 << 16;
  const step = fc.record({
    what: fc.constantFrom('a', 'a', 'a', 'f', 'f', 'x', 's'),
    pick: fc.nat(),
    // From 8: with less Boost's own arithmetic of shrinking wraps around.
    bytes: fc.oneof(fc.integer({ min: 8, max: 200 }), fc.integer({ min: 8, max: 6000 })),
  });

  it('leaves every byte as Boost leaves it', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 400 }), (steps) => {
        const [ours, theirs] = [poolCreate(uniqueName(), SIZE, 0o600), poolCreate(uniqueName(), SIZE, 0o600)];
        const given: number[] = [];
        const held: number[] = []; // places in `given`
        const replay: string[] = [];
        const expected: (number | undefined)[] = [];
        for (const { what, pick, bytes } of steps) {
          if (what === 'a' || held.length === 0) {
            const offset = ours.allocate(bytes);
            if (offset > 0) held.push(given.length);
            given.push(offset);
            replay.push(`a${bytes}`);
            expected.push(Math.max(offset, 0));
            continue;
          }
          const at = pick % held.length;
          const place = held[at]!;
          if (what === 'f') {
            held.splice(at, 1);
            expect(ours.free(given[place]!)).toBe(0);
            expected.push(0);
          } else if (what === 'x') {
            expected.push(ours.extend(given[place]!, bytes) === 0 ? 1 : 0);
          } else {
            expect(ours.shrink(given[place]!, bytes)).toBe(0);
            // Boost says false where there is nothing to give back.
            expected.push(undefined);
          }
          replay.push(what === 'f' ? `f${place}` : `${what}${place}:${bytes}`);
          seen.add(what + (expected.at(-1) ?? ''));
        }
        const answers = oracle('replay', theirs.name, replay.join());
        expect(answers.pop()).toBe('1');
        expect(answers.map((answer, i) => expected[i] && Number(answer))).toEqual(expected);
        expect(image(ours).equals(image(theirs))).toBe(true);
        for (const pool of [ours, theirs]) {
          pool.close();
          shmUnlink(pool.name);
        }
      }),
      { numRuns: process.env.FLOW_IPC_LONG ? 2000 : 60 },
    );
    expect([...seen].sort()).toEqual(['f0', 's', 'x0', 'x1']);
  });
});

describe('a pool that Boost made', () => {
  it('opens with us, and is sane after', () => {
    const name = uniqueName();
    const free = Number(oracle('create', name, 1 << 20)[0]);
    const pool = poolOpen(name);
    expect(pool.freeBytes()).toBe(free);
    const offsets = Array.from({ length: 200 }, (_, i) => pool.allocate(1 + i * 13));
    expect(oracle('sanity', name)[0]).toBe('1');
    for (const offset of offsets) expect(pool.free(offset)).toBe(0);
    expect(oracle('sanity', name)).toEqual(['1', String(free)]);
  });

  it('holds lists that we read and free', () => {
    const name = uniqueName();
    const free = Number(oracle('create', name, 1 << 20)[0]);
    const pool = poolOpen(name);
    const list = Number(oracle('give', name, 3, 100)[0]);
    const views = pool.listBorrow(list, 3) as ArrayBuffer[];
    expect(views.map((view) => Buffer.from(view).toString())).toEqual([
      'a'.repeat(8),
      'b'.repeat(16),
      'c'.repeat(24),
    ]);
    expect(pool.listRelease(list, views)).toBe(0);
    const one = Number(oracle('give', name, 1, 333)[0]);
    expect(pool.listTake(one, new Uint8Array(8))).toBe(8);
    expect(pool.freeBytes()).toBe(free);
  });
});
