// Segment lists: what a SHM-backed message is.
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { out, poolCreate, poolOpen } from '../ts/index.js';
import { bytes, uniqueName } from './support.js';

const { EINVAL, EMSGSIZE, ENOMEM } = constants.errno;
const MiB = 1 << 20;
const newPool = (size = MiB) => poolCreate(uniqueName('list'), size, 0o600);
const grown = (result: ArrayBuffer | number) => {
  if (typeof result === 'number') throw new Error(`listGrow: ${result}`);
  return new Uint8Array(result);
};

describe('a list', () => {
  it('is built, lent, borrowed and released to nothing', () => {
    const pool = newPool();
    const peer = poolOpen(pool.name);
    const free = pool.freeBytes();
    const list = pool.listCreate();
    const first = grown(pool.listGrow(list, 64));
    expect(out[0]).toBeGreaterThan(list);
    const second = grown(pool.listGrow(list, 128));
    first.fill(1);
    second.fill(2);
    expect(pool.listLend(list, [16, 128])).toBe(0);
    const borrowed = peer.listBorrow(list, 2) as ArrayBuffer[];
    expect(borrowed.map((b) => [...new Uint8Array(b)])).toEqual([
      new Array(16).fill(1),
      new Array(128).fill(2),
    ]);
    expect(pool.listRelease(list, [first.buffer, second.buffer])).toBe(1);
    expect([first.length, second.length]).toEqual([0, 0]);
    expect(new Uint8Array(borrowed[0]!)[0]).toBe(1);
    expect(peer.listRelease(list, borrowed)).toBe(0);
    expect(borrowed.map((b) => b.byteLength)).toEqual([0, 0]);
    expect(pool.freeBytes()).toBe(free);
    expect(pool.listRelease(list, [])).toBe(-EINVAL);
    expect(pool.listBorrow(list, 5)).toBe(-EINVAL);
  });

  it('is read as far as it is counted, while its maker adds to it for a later sending', () => {
    const pool = newPool();
    const peer = poolOpen(pool.name);
    const list = pool.listCreate();
    grown(pool.listGrow(list, 64));
    pool.listLend(list, [16]);
    grown(pool.listGrow(list, 128));
    // The moment before the second segment counts.
    const count = new BigUint64Array(pool.view(list, 8));
    count[0] = 1n;
    const borrowed = peer.listBorrow(list, 9) as ArrayBuffer[];
    expect(borrowed.map((b) => b.byteLength)).toEqual([16]);
    expect(peer.listRelease(list, borrowed)).toBe(1);
    // Who takes it down must know all of it.
    expect(pool.listRelease(list, [])).toBe(-EINVAL);
    count[0] = 2n;
    expect(pool.listRelease(list, [])).toBe(0);
  });

  it('is built and sent in one call each', () => {
    const pool = newPool();
    const free = pool.freeBytes();
    const buffer = grown(pool.listBuild(64));
    const list = out[0]!;
    expect(buffer.length).toBe(64);
    const target = new Uint8Array(9);
    const metadata = pool.listSend(list, 16, Uint8Array.of(1, 2, 3), 2);
    expect(pool.listTake(metadata, target)).toBe(2);
    expect([...target.subarray(0, 3)]).toEqual([1, 2, 0]);
    expect((pool.listBorrow(list, 1) as ArrayBuffer[]).map((b) => b.byteLength)).toEqual([16]);
    expect(pool.listRelease(list, [])).toBe(1);
    // What cannot be done whole is not done at all.
    const before = pool.freeBytes();
    expect(pool.listSend(list, 65, target, 9)).toBe(-EINVAL);
    expect(pool.listSend(list, [16, 16], target, 9)).toBe(-EINVAL);
    expect(pool.listSend(list, -1, target, 9)).toBe(-EINVAL);
    expect(() => pool.listSend(list, 16, target, 10)).toThrow(RangeError);
    expect(() => pool.listBuild(12)).toThrow(RangeError);
    const rest = grown(pool.listBuild(pool.freeBytes() - 200 - ((pool.freeBytes() - 200) % 8)));
    expect(pool.listSend(list, 16, new Uint8Array(MiB), MiB)).toBe(-ENOMEM);
    expect(pool.listBuild(MiB)).toBe(-ENOMEM);
    expect(pool.listRelease(out[0]!, [rest.buffer])).toBe(0);
    expect(pool.freeBytes()).toBe(before);
    expect(pool.listRelease(list, [buffer.buffer])).toBe(0);
    expect(pool.freeBytes()).toBe(free);
  });

  it('of one small segment goes in one call each way', () => {
    const pool = newPool();
    const free = pool.freeBytes();
    const target = new Uint8Array(100);
    for (const text of ['', 'x', '12345678', 'a message of some length']) {
      const list = pool.listStore(bytes(`..${text}`), 2, text.length);
      expect(pool.listTake(list, target)).toBe(text.length);
      expect(Buffer.from(target.subarray(0, text.length)).toString()).toBe(text);
      expect(pool.listTake(list, target)).toBe(-EINVAL);
    }
    const list = pool.listStore(new Uint8Array(200).fill(9), 0, 200);
    expect(pool.listTake(list, target)).toBe(-EMSGSIZE);
    expect(pool.listTake(list, new Uint8Array(200))).toBe(200);
    const two = pool.listCreate();
    pool.listGrow(two, 8);
    pool.listGrow(two, 8);
    expect(pool.listTake(two, target)).toBe(-EMSGSIZE);
    expect(pool.listRelease(two, [])).toBe(0);
    const none = pool.listCreate();
    expect(pool.listTake(none, target)).toBe(-EMSGSIZE);
    expect(pool.listBorrow(none, 0)).toEqual([]);
    expect(pool.listRelease(none, [])).toBe(0);
    expect(pool.freeBytes()).toBe(free);
  });

  it('round-trips whatever sizes, capacities and owners', () => {
    const pool = newPool(4 * MiB);
    const free = pool.freeBytes();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 1, noNaN: true })), {
          maxLength: 20,
        }),
        fc.integer({ min: 0, max: 5 }),
        (segments, lends) => {
          const list = pool.listCreate();
          const buffers = segments.map(([words]) => grown(pool.listGrow(list, words * 8)));
          for (const [i, buffer] of buffers.entries()) buffer.fill(i + 1);
          const used = segments.map(([words, part]) => Math.floor(words * 8 * part));
          for (let i = 0; i < lends; i++) expect(pool.listLend(list, used)).toBe(0);
          if (lends > 0) {
            const borrowed = pool.listBorrow(list, segments.length) as ArrayBuffer[];
            expect(borrowed.map((b) => b.byteLength)).toEqual(used);
            for (const [i, b] of borrowed.entries())
              expect(new Uint8Array(b).every((v) => v === i + 1)).toBe(true);
          }
          for (let i = lends; i >= 0; i--) expect(pool.listRelease(list, [])).toBe(i);
          expect(pool.freeBytes()).toBe(free);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('refuses sizes that do not fit, and leaves the count alone', () => {
    const pool = newPool();
    const free = pool.freeBytes();
    const list = pool.listCreate();
    pool.listGrow(list, 64);
    for (const sizes of [[65], [-1], [], [8, 8], [Number.POSITIVE_INFINITY]]) {
      expect(pool.listLend(list, sizes)).toBe(-EINVAL);
    }
    expect(() => pool.listLend(list, ['8'] as never)).toThrow(TypeError);
    expect(() => pool.listLend(list, '8' as never)).toThrow(TypeError);
    const endless: number[] = [];
    endless.length = 2 ** 32 - 1;
    expect(() => pool.listLend(list, endless)).toThrow(TypeError);
    expect(() => pool.listRelease(list, endless as never)).toThrow(TypeError);
    expect(() => pool.listGrow(list, 7)).toThrow(RangeError);
    expect(() => pool.listGrow(list, 0)).toThrow(RangeError);
    expect(() => pool.listRelease(list, [1] as never)).toThrow(TypeError);
    expect(() => pool.listBorrow(list, 'x' as never)).toThrow(TypeError);
    expect(pool.listBorrow(list, 0)).toBe(-EINVAL);
    expect(pool.listBorrow(list, -1)).toBe(-EINVAL);
    expect(pool.listRelease(list, [])).toBe(0);
    expect(pool.freeBytes()).toBe(free);
  });

  it('leaves nothing behind when the pool is full half-way', () => {
    const pool = newPool(4096);
    const free = pool.freeBytes();
    const big = new Uint8Array(3500);
    expect(pool.listStore(new Uint8Array(5000), 0, 5000)).toBe(-ENOMEM);
    expect(pool.freeBytes()).toBe(free);
    const list = pool.listStore(big, 0, big.length);
    expect(list).toBeGreaterThan(0);
    expect(pool.listGrow(list, 8192)).toBe(-ENOMEM);
    expect(pool.listStore(big, 0, big.length)).toBe(-ENOMEM);
    expect(pool.listRelease(list, [])).toBe(0);
    expect(pool.freeBytes()).toBe(free);
  });

  it('lies in one place, or in pieces where there is no place for all of it', () => {
    const pool = newPool(1 << 14);
    const free = pool.freeBytes();
    const store = () => pool.listStore(new Uint8Array(64).fill(9), 0, 64);
    const whole = store();
    // Holder, node and buffer: of three, five and five units of 16 bytes, headers included.
    expect(free - pool.freeBytes()).toBe(13 * 16);
    expect(pool.listRelease(whole, [])).toBe(0);
    expect(pool.freeBytes()).toBe(free);

    const blocks: number[] = [];
    for (let block = pool.allocate(100); block > 0; block = pool.allocate(100)) blocks.push(block);
    for (let i = 0; i < blocks.length - 1; i += 2) pool.free(blocks[i]!);
    const gaps = pool.freeBytes();
    const lists: number[] = [];
    for (let list = store(); list > 0; list = store()) lists.push(list);
    // Each took three gaps of seven units, and not all can have been taken.
    expect(lists.length).toBeGreaterThan(blocks.length / 2 / 3 - 2);
    for (const list of lists) {
      const views = pool.listBorrow(list, 1) as ArrayBuffer[];
      expect(new Uint8Array(views[0]!)).toEqual(new Uint8Array(64).fill(9));
      expect(pool.listRelease(list, views)).toBe(0);
    }
    expect(pool.freeBytes()).toBe(gaps);
  });

  it('of a gigabyte costs no memory until it is written', () => {
    const pool = newPool(2 ** 31);
    const list = pool.listCreate();
    const segment = grown(pool.listGrow(list, 2 ** 30));
    expect(segment.length).toBe(2 ** 30);
    expect(statSync(`/dev/shm/${pool.name}`).blocks * 512).toBeLessThan(256 * 1024);
    segment[2 ** 29] = 1;
    expect(pool.listLend(list, [2 ** 30])).toBe(0);
    const [view] = pool.listBorrow(list, 1) as ArrayBuffer[];
    expect(new Uint8Array(view!)[2 ** 29]).toBe(1);
    pool.listRelease(list, [view!]);
    expect(pool.listRelease(list, [segment.buffer])).toBe(0);
    expect(pool.freeBytes()).toBe(2 ** 31 - 160);
  });

  it('survives script that runs while its answer is built', () => {
    const pool = newPool();
    const list = pool.listStore(bytes('12345678'), 0, 8);
    Object.defineProperty(Array.prototype, 0, { set: () => pool.close(), configurable: true });
    try {
      pool.listBorrow(list, 1);
    } finally {
      delete (Array.prototype as unknown[])[0];
    }
    const closing = newPool();
    const other = closing.listCreate();
    const sizes: number[] = [];
    Object.defineProperty(sizes, 0, {
      get: () => {
        closing.close();
        return 8;
      },
    });
    expect(closing.listLend(other, sizes)).toBe(-constants.errno.EBADF);
  });
});
