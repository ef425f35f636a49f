// Blocks of a pool that grow and shrink where they are.
import { constants } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Pool, poolCreate, poolOpen, shmUnlink } from '../ts/index.js';
import { PoolModel, unitsFor } from './pool-model.js';
import { random, uniqueName } from './support.js';

const { ENOMEM, EINVAL, EBADF, EBADMSG, EROFS } = constants.errno;
const SIZE = 64 * 1024;
/** At the end of the chain of blocks; Boost counts it as free. */
const HEADER = 16;
const newPool = (size = SIZE) => poolCreate(uniqueName('resize'), size, 0o600);
const fill = (pool: Pool, offset: number, bytes: number, value: number) =>
  new Uint8Array(pool.view(offset, bytes)).fill(value);
const holds = (pool: Pool, offset: number, bytes: number, value: number) =>
  Buffer.from(pool.view(offset, bytes)).equals(Buffer.alloc(bytes, value));

describe('extend', () => {
  it('takes what it needs of free memory behind the block, and nothing more', () => {
    const pool = newPool();
    const free = pool.freeBytes();
    const block = pool.allocate(100);
    fill(pool, block, 100, 7);
    expect(pool.extend(block, 990)).toBe(0);
    expect(holds(pool, block, 100, 7)).toBe(true);
    fill(pool, block, 990, 8);
    expect(pool.freeBytes()).toBe(free - unitsFor(990) * 16);
    // The next block comes right behind it.
    expect(pool.allocate(100)).toBe(block + unitsFor(990) * 16);
    expect(pool.extend(block, 1000)).toBe(0);
    expect(pool.extend(block, 1001)).toBe(-ENOMEM);
    expect(holds(pool, block, 990, 8)).toBe(true);
  });

  it('does so up to the last byte of a gap, and to the end of the pool', () => {
    const pool = newPool();
    const free = pool.freeBytes();
    const [block, gap, wall] = [pool.allocate(100), pool.allocate(500), pool.allocate(100)];
    fill(pool, wall, 100, 3);
    expect(pool.extend(block, 101 + 15)).toBe(-ENOMEM);
    expect(pool.free(gap)).toBe(0);
    const before = pool.freeBytes();
    const whole = (unitsFor(100) + unitsFor(500)) * 16 - 8;
    expect(pool.extend(block, whole + 1)).toBe(-ENOMEM);
    expect(pool.freeBytes()).toBe(before);
    // What is left would be no block: it comes along.
    expect(pool.extend(block, whole - 40)).toBe(0);
    expect(pool.freeBytes()).toBe(before - unitsFor(500) * 16);
    fill(pool, block, whole, 5);
    expect(holds(pool, wall, 100, 3)).toBe(true);
    for (const at of [block, wall]) expect(pool.free(at)).toBe(0);
    const last = pool.allocate(16);
    expect(pool.extend(last, SIZE)).toBe(-ENOMEM);
    expect(pool.extend(last, 2 ** 53)).toBe(-ENOMEM);
    expect(pool.extend(last, free - HEADER - 8)).toBe(0);
    expect(pool.freeBytes()).toBe(HEADER);
    fill(pool, last, free - HEADER - 8, 1);
    expect(pool.free(last)).toBe(0);
    expect(pool.freeBytes()).toBe(free);
  });

  it('leaves objects and lists their checks', () => {
    const pool = newPool();
    const object = pool.objectCreate(40);
    expect(pool.objectCheck(object, 40)).toBe(0);
    expect(pool.extend(object, 400)).toBe(0);
    // An object's block is as large as its type says: nobody takes this one for it any more.
    expect(pool.objectCheck(object, 40)).toBe(-EINVAL);
    expect(pool.shrink(object, 44)).toBe(0);
    expect(pool.objectCheck(object, 40)).toBe(0);
  });
});

describe('shrink', () => {
  it('gives back what is enough for a block', () => {
    const pool = newPool();
    const free = pool.freeBytes();
    const [block, wall] = [pool.allocate(1000), pool.allocate(100)];
    fill(pool, block, 1000, 6);
    const full = pool.freeBytes();
    expect(pool.shrink(block, 1000 - 40)).toBe(0);
    expect(pool.freeBytes()).toBe(full);
    expect(pool.shrink(block, 2000)).toBe(0);
    expect(pool.shrink(block, 2 ** 53)).toBe(0);
    expect(pool.freeBytes()).toBe(full);
    expect(pool.shrink(block, 1000 - 48)).toBe(0);
    expect(pool.freeBytes()).toBe(full + 48);
    expect(pool.shrink(block, 100)).toBe(0);
    expect(pool.freeBytes()).toBe(full + (unitsFor(1000) - unitsFor(100)) * 16);
    expect(holds(pool, block, 100, 6)).toBe(true);
    expect(pool.shrink(block, 1)).toBe(0);
    expect(pool.freeBytes()).toBe(full + (unitsFor(1000) - unitsFor(1)) * 16);
    for (const at of [wall, block]) expect(pool.free(at)).toBe(0);
    expect(pool.freeBytes()).toBe(free);
  });

  it('of a large block makes no more pages than it needs', () => {
    const pool = newPool(64 << 20);
    const free = pool.freeBytes();
    const block = pool.allocate(50 << 20);
    expect(pool.shrink(block, 20 << 20)).toBe(0);
    expect(pool.extend(block, 40 << 20)).toBe(0);
    fill(pool, block, 40 << 20, 1);
    expect(pool.free(block)).toBe(0);
    expect(pool.freeBytes()).toBe(free);
  });
});

describe('both', () => {
  it('behave as a model says, byte by byte of the books', () => {
    // What to do, with which block, and how large. Extending is the interesting part.
    const step = fc.record({
      what: fc.constantFrom('allocate', 'free', 'extend', 'extend', 'shrink'),
      pick: fc.nat(),
      bytes: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 9000 })),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 150 }), (steps) => {
        const pool = newPool();
        const model = new PoolModel(SIZE);
        const counts = new Float64Array(5);
        const fills = new Map<number, { length: number; value: number }>();
        steps.forEach(({ what, pick, bytes }, i) => {
          const offsets = model.offsets();
          const offset = offsets[pick % offsets.length];
          if (what === 'allocate' || offset === undefined) {
            const made = pool.allocate(bytes);
            expect(made > 0 ? made : undefined).toEqual(model.allocated(made, bytes) ? made : undefined);
            if (made > 0) fills.set(made, { length: bytes, value: i & 255 });
            else expect(made).toBe(-ENOMEM);
          } else if (what === 'free') {
            expect(pool.free(offset)).toBe(0);
            model.free(offset);
            fills.delete(offset);
          } else {
            const before = fills.get(offset)!;
            const done = what === 'extend' ? model.extend(offset, bytes) : model.shrink(offset, bytes);
            expect(pool[what as 'extend' | 'shrink'](offset, bytes)).toBe(done ? 0 : -ENOMEM);
            const kept = what === 'shrink' ? Math.min(before.length, bytes) : before.length;
            expect(holds(pool, offset, kept, before.value)).toBe(true);
            const length = what === 'extend' && done ? Math.max(before.length, bytes) : kept;
            fills.set(offset, { length, value: i & 255 });
          }
          for (const [at, { length, value }] of fills) {
            if (value === (i & 255)) fill(pool, at, length, value);
          }
          expect(pool.blockCounts(counts)).toBe(0);
          expect([...counts]).toEqual(model.counts());
          expect(pool.freeBytes()).toBe(model.counts()[3]! + HEADER);
        });
        for (const [at, { length, value }] of fills) expect(holds(pool, at, length, value)).toBe(true);
        for (const at of fills.keys()) expect(pool.free(at)).toBe(0);
        expect(pool.freeBytes()).toBe(SIZE - 160);
        pool.close();
        shmUnlink(pool.name);
      }),
      { numRuns: process.env.FLOW_IPC_LONG ? 3000 : 150 },
    );
  });

  it('refuse what is no block, or may not be changed', () => {
    const pool = newPool();
    const free = pool.freeBytes();
    const block = pool.allocate(100);
    for (const resize of ['extend', 'shrink'] as const) {
      for (const offset of [
        0,
        1,
        160,
        block + 1,
        block + 16,
        block - 16,
        SIZE - 16,
        SIZE,
        2 ** 53,
        -1,
        Number.NaN,
      ])
        expect(pool[resize](offset, 50), `${resize} ${offset}`).toBe(-EINVAL);
      expect(() => pool[resize](block, 0)).toThrow(RangeError);
      expect(() => pool[resize](block, Number.NaN)).toThrow(RangeError);
      expect(() => pool[resize](block, '1' as never)).toThrow(TypeError);
      expect(() => pool[resize]('1' as never, 1)).toThrow(TypeError);
      expect(poolOpen(pool.name, true)[resize](block, 50)).toBe(-EROFS);
    }
    expect(pool.free(block)).toBe(0);
    expect(pool.extend(block, 50)).toBe(-EINVAL);
    expect(pool.freeBytes()).toBe(free);
    pool.close();
    expect(pool.extend(block, 50)).toBe(-EBADF);
    expect(pool.shrink(block, 50)).toBe(-EBADF);
  });

  it('do no harm when a peer has written into the neighbours, and neither do allocating and freeing', () => {
    const pool = newPool();
    // Blocks with gaps of all sizes between them, so that the tree of free blocks is one.
    const blocks = Array.from({ length: 24 }, (_, i) => pool.allocate(40 + 16 * (i % 12)));
    for (const [i, block] of blocks.entries()) if (i % 2 === 1) pool.free(block);
    const words = new BigUint64Array(pool.view(0, SIZE));
    const snapshot = words.slice();
    const interesting = [
      0n,
      1n,
      2n,
      3n,
      16n,
      0x28n,
      BigInt(SIZE),
      0xffffffffn,
      1n << 62n,
      1n << 63n,
      ~0n & ((1n << 64n) - 1n),
    ];
    const seen = new Map<number, number>();
    const changes = (block: number, bytes: number) => [
      () => pool.extend(block, bytes),
      () => pool.shrink(block, bytes),
      () => pool.allocate(bytes),
      () => pool.free(block),
    ];
    const tell = (code: number) => seen.set(Math.min(code, 0), (seen.get(Math.min(code, 0)) ?? 0) + 1);
    for (const [i, block] of blocks.entries()) {
      if (i % 2 === 1) continue;
      // From its own header to the end of the next one's tree node, each word with each value.
      for (let at = block / 8 - 2; at < blocks[i + 1]! / 8 + 3; at++) {
        const inBlock = at >= block / 8 && at < blocks[i + 1]! / 8 - 2;
        if (inBlock) continue;
        const near = [1n, -1n, 2n, -2n, 16n, -16n, 8n].map((by) => BigInt.asUintN(64, snapshot[at]! + by));
        for (const value of [...interesting, ...near]) {
          for (const bytes of [1, 60, 300, 5000]) {
            for (const change of changes(block, bytes)) {
              words[at] = value;
              tell(change());
              words.set(snapshot);
            }
          }
        }
      }
    }
    // Then several at once, anywhere in the tree: links to other nodes, to none, and to what is no node.
    const nodes = blocks.filter((_, i) => i % 2 === 1).map((block) => block / 8);
    const next = random(7);
    for (let round = 0; round < 20_000; round++) {
      for (let i = 0; i <= next(3); i++) {
        const at = nodes[next(nodes.length)]! + next(5) - 2;
        const link = BigInt(8 * (nodes[next(nodes.length)]! - at));
        const choices = [
          1n,
          link,
          link | 2n,
          snapshot[at]! ^ 2n,
          BigInt(-8 * at),
          BigInt(16 * next(SIZE)),
          snapshot[at]! + 16n,
        ];
        words[at] = BigInt.asUintN(64, choices[next(choices.length)]!);
      }
      // And with what that leaves behind.
      for (let more = next(4); more >= 0; more--) {
        tell(changes(blocks[2 * next(nodes.length)]!, 1 + next(400))[next(4)]!());
      }
      words.set(snapshot);
    }
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual([-EBADMSG, -EINVAL, -ENOMEM, 0]);
    expect(seen.get(-EINVAL)).toBeGreaterThan(1000);
    expect(seen.get(-EBADMSG)).toBeGreaterThan(1000);
    for (const [i, block] of blocks.entries()) if (i % 2 === 0) expect(pool.free(block)).toBe(0);
    expect(pool.freeBytes()).toBe(SIZE - 160);
  });
});
