// Pools: creation, blocks, views, atomics, ends.
import {
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { poolCreate, poolOpen, shmUnlink } from '../ts/index.js';
import { thrown, tick, uniqueName } from './support.js';

const { ENOMEM, EINVAL, EBADF, EBADMSG, ENOSPC } = constants.errno;
const MiB = 1 << 20;
const newPool = (size = MiB) => poolCreate(uniqueName('pool'), size, 0o600);

describe('creation', () => {
  it('has exactly the mode and size, and commits next to nothing', () => {
    const umask = process.umask(0o077);
    const name = uniqueName();
    const pool = poolCreate(name, 2 ** 31, 0o660);
    process.umask(umask);
    const stat = statSync(`/dev/shm/${name}`);
    expect(stat.mode & 0o777).toBe(0o660);
    expect(stat.size).toBe(2 ** 31);
    expect(stat.blocks * 512).toBeLessThanOrEqual(4 * 4096);
    expect(pool).toMatchObject({ name, size: 2 ** 31 });
    // As in the recorded pool of the same size: everything but the header and the ends of the chain.
    expect(pool.freeBytes()).toBe(2 ** 31 - 160);
    pool.close();
  });

  it('is exclusive, and opening is by name', () => {
    const name = uniqueName();
    const pool = poolCreate(name, MiB, 0o600);
    expect(thrown(() => poolCreate(name, MiB, 0o600))).toMatchObject({ code: 'EEXIST' });
    const other = poolOpen(name);
    expect(other.size).toBe(MiB);
    const offset = pool.allocate(10);
    new Uint8Array(pool.view(offset, 10)).fill(3);
    expect([...new Uint8Array(other.view(offset, 10))]).toEqual(new Array(10).fill(3));
    expect(other.free(offset)).toBe(0);
    expect(thrown(() => poolOpen(uniqueName()))).toMatchObject({ code: 'ENOENT' });
    expect(thrown(() => poolCreate(uniqueName(), 100, 0o600))).toMatchObject({ code: 'EINVAL' });
    expect(() => poolCreate(uniqueName(), Number.NaN, 0o600)).toThrow(RangeError);
    const Class = pool.constructor as new (name: string) => unknown;
    expect(() => new Class(name)).toThrow(TypeError);
  });

  it.each([224, 225, 239, 240, 241, 300, 4096, 4097, 10_001])('works in a pool of %d bytes', (size) => {
    const pool = newPool(size);
    const free = pool.freeBytes();
    const offset = pool.allocate(20);
    expect(offset).toBe(176);
    expect(pool.allocate(size)).toBe(-ENOMEM);
    expect(pool.free(offset)).toBe(0);
    expect(pool.freeBytes()).toBe(free);
  });

  it('tells an unfinished pool from one that is none', () => {
    const path = (name: string) => `/dev/shm/${name}`;
    const broken = (make: (name: string) => void) => {
      const name = uniqueName();
      make(name);
      return thrown(() => poolOpen(name)).code;
    };
    expect(broken((name) => writeFileSync(path(name), ''))).toBe('EAGAIN');
    expect(broken((name) => writeFileSync(path(name), Buffer.alloc(4096)))).toBe('EAGAIN');
    expect(broken((name) => writeFileSync(path(name), Buffer.alloc(100)))).toBe('EBADMSG');
    expect(broken((name) => writeFileSync(path(name), Buffer.alloc(4096, 255)))).toBe('EBADMSG');
    expect(broken((name) => writeFileSync(path(name), Buffer.from([2]).toString().padEnd(4096)))).toBe(
      'EBADMSG',
    );
    for (const size of [MiB - 1, MiB + 1, 4096]) {
      expect(
        broken((name) => {
          poolCreate(name, MiB, 0o600).close();
          const fd = openSync(path(name), 'r+');
          ftruncateSync(fd, size);
          closeSync(fd);
        }),
      ).toBe('EBADMSG');
    }
    // A mutex that is not one, a corrupted state word.
    for (const [offset, value] of [
      [32, 0],
      [32, 200],
      [0, 3],
      [88, 49],
    ] as const) {
      expect(
        broken((name) => {
          const pool = poolCreate(name, MiB, 0o600);
          new Uint8Array(pool.view(0, 160))[offset] = value;
        }),
      ).toBe('EBADMSG');
    }
  });
});

describe('blocks', () => {
  it('fill the pool and come back to the last byte', () => {
    const pool = newPool();
    const free = pool.freeBytes();
    for (const size of [1, 16, 100, 4096, 70_000]) {
      const offsets: number[] = [];
      let offset = pool.allocate(size);
      for (; offset > 0; offset = pool.allocate(size)) offsets.push(offset);
      expect(offset).toBe(-ENOMEM);
      expect(offsets.every((o) => o % 16 === 0)).toBe(true);
      // Every second one first, so that both merging directions are used.
      for (let i = 0; i < offsets.length; i += 2) expect(pool.free(offsets[i]!)).toBe(0);
      for (let i = 1; i < offsets.length; i += 2) expect(pool.free(offsets[i]!)).toBe(0);
      expect(pool.freeBytes()).toBe(free);
    }
  });

  it('behave as a model says, with their contents kept', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 9000 }), fc.nat(), fc.boolean()), {
          minLength: 1,
          maxLength: 200,
        }),
        (steps) => {
          const pool = newPool(256 * 1024);
          const free = pool.freeBytes();
          const live: { offset: number; view: Uint8Array; fill: number }[] = [];
          const check = (block: (typeof live)[number]) =>
            expect(block.view.every((v) => v === block.fill)).toBe(true);
          for (const [size, pick, grow] of steps) {
            if (grow || live.length === 0) {
              const offset = pool.allocate(size);
              if (offset < 0) {
                expect(offset).toBe(-ENOMEM);
                continue;
              }
              for (const other of live) {
                expect(offset + size <= other.offset || other.offset + other.view.length <= offset).toBe(
                  true,
                );
              }
              const view = new Uint8Array(pool.view(offset, size));
              live.push({ offset, view: view.fill(pick & 255), fill: pick & 255 });
            } else {
              const [block] = live.splice(pick % live.length, 1);
              check(block!);
              expect(pool.free(block!.offset)).toBe(0);
              expect(pool.free(block!.offset)).toBe(-EINVAL);
            }
          }
          for (const block of live) {
            check(block);
            expect(pool.free(block.offset)).toBe(0);
          }
          expect(pool.freeBytes()).toBe(free);
          pool.close();
          shmUnlink(pool.name);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are not freed where there is none', () => {
    const pool = newPool();
    const free = pool.freeBytes();
    const a = pool.allocate(64);
    const b = pool.allocate(64);
    for (const offset of [
      0,
      1,
      16,
      160,
      a + 1,
      a + 8,
      a + 16,
      a - 16,
      b + 64,
      MiB - 16,
      MiB,
      MiB + 16,
      2 ** 53,
      -1,
      -a,
    ]) {
      expect(pool.free(offset), `offset ${offset}`).toBe(-EINVAL);
    }
    expect(pool.free(Number.NaN)).toBe(-EINVAL);
    expect(pool.free(Number.POSITIVE_INFINITY)).toBe(-EINVAL);
    expect(() => pool.free('1' as never)).toThrow(TypeError);
    expect(pool.free(a)).toBe(0);
    expect(pool.free(b)).toBe(0);
    expect(pool.freeBytes()).toBe(free);
    expect(() => pool.allocate(0)).toThrow(RangeError);
    expect(() => pool.allocate(-5)).toThrow(RangeError);
    expect(pool.allocate(2 ** 53)).toBe(-ENOMEM);
    expect(pool.allocate(Number.POSITIVE_INFINITY)).toBe(-ENOMEM);
    expect(() => pool.allocate(Number.NaN)).toThrow(RangeError);
  });

  it('are refused, or given, whatever was written over the books of the pool', () => {
    // Where the lock word is there is nothing to find out: any number may be the thread that has it.
    const values = [0n, 1n, 0xffn, 0x7fn, 1n << 31n, 1n << 62n, 0xffff_ffffn, (1n << 64n) - 1n, 0x28n];
    const codes = new Map<number, number>();
    const tell = (code: number) => codes.set(Math.min(code, 0), 1 + (codes.get(Math.min(code, 0)) ?? 0));
    for (let word = 3; word < 20; word++) {
      for (const value of values) {
        const pool = newPool(64 * 1024);
        const [kept, gone, more] = [pool.allocate(100), pool.allocate(200), pool.allocate(300)];
        pool.free(gone);
        new BigUint64Array(pool.view(0, 160))[word] = value;
        tell(pool.allocate(50));
        tell(pool.allocate(5000));
        tell(pool.extend(kept, 200));
        tell(pool.free(kept));
        tell(pool.free(more));
        tell(pool.blockCounts(new Float64Array(5)));
        pool.freeBytes();
        pool.close();
        shmUnlink(pool.name);
      }
    }
    expect([...codes.keys()].sort((a, b) => a - b)).toEqual([-EBADMSG, -EINVAL, -ENOMEM, 0]);
    expect(codes.get(-EBADMSG)).toBeGreaterThan(50);
  });

  it('are refused when the file system cannot back them, but not when their pages are there already', () => {
    const fs = statfsSync('/dev/shm');
    const available = fs.bavail * fs.bsize;
    const pool = newPool(available * 2);
    expect(pool.allocate(Math.floor(available * 1.5))).toBe(-ENOSPC);
    expect(pool.freeBytes()).toBe(available * 2 - 160);
    expect(pool.allocate(1000)).toBeGreaterThan(0);
    shmUnlink(pool.name);
    pool.close();
  });
});

describe('views', () => {
  it('reach every byte of the pool and none beyond', () => {
    const pool = newPool();
    expect(pool.view(0, MiB).byteLength).toBe(MiB);
    expect(pool.view(MiB, 0).byteLength).toBe(0);
    expect(pool.view(MiB - 1, 1).byteLength).toBe(1);
    for (const [offset, length] of [
      [MiB, 1],
      [0, MiB + 1],
      [-1, 1],
      [1, -1],
      [2 ** 53, 2 ** 53],
      [5, Number.POSITIVE_INFINITY],
    ] as const) {
      expect(() => pool.view(offset, length)).toThrow(RangeError);
    }
    expect(() => pool.view('0' as never, 1)).toThrow(TypeError);
  });

  it('keep no descriptor of a pool that was closed', () => {
    const open = () => readdirSync('/proc/self/fd').length;
    const before = open();
    const views = Array.from({ length: 50 }, () => {
      const pool = newPool();
      const view = new Uint8Array(pool.view(pool.allocate(100), 100)).fill(7);
      pool.close();
      shmUnlink(pool.name);
      return view;
    });
    // Fewer, when what earlier tests left is collected just now.
    expect(open()).toBeLessThanOrEqual(before);
    expect(views.every((view) => view[99] === 7)).toBe(true);
  });

  it('outlive close() and the name', async () => {
    const pool = newPool();
    const offset = pool.allocate(100);
    const view = new Uint8Array(pool.view(offset, 100)).fill(7);
    pool.close();
    pool.close();
    shmUnlink(pool.name);
    (globalThis as { gc?: () => void }).gc?.();
    await tick(20);
    expect(view.every((v) => v === 7)).toBe(true);
    view.fill(8);
    expect(pool.allocate(1)).toBe(-EBADF);
    expect(pool.free(offset)).toBe(-EBADF);
    expect(pool.freeBytes()).toBe(-EBADF);
    expect(pool.listCreate()).toBe(-EBADF);
    expect(pool.listStore(new Uint8Array(1), 0, 1)).toBe(-EBADF);
    expect(pool.listGrow(offset, 8)).toBe(-EBADF);
    expect(pool.listLend(offset, [])).toBe(-EBADF);
    expect(pool.listTake(offset, new Uint8Array(1))).toBe(-EBADF);
    expect(pool.listBorrow(offset, 1)).toBe(-EBADF);
    expect(pool.listRelease(offset, [])).toBe(-EBADF);
    expect(() => pool.view(0, 1)).toThrow(TypeError);
    expect(() => pool.atomicLoad32(offset)).toThrow(TypeError);
  });

  it('does not mistake one addon object for another', () => {
    const pool = newPool();
    expect(() => pool.allocate.call({} as never, 1)).toThrow(TypeError);
    expect(() => pool.allocate.call(new Map() as never, 1)).toThrow(TypeError);
  });
});

describe('atomics', () => {
  it('load and add 32-bit words, wrapping', () => {
    const pool = newPool();
    const offset = pool.allocate(64);
    const words = new Uint32Array(pool.view(offset, 8));
    words[0] = 5;
    expect(pool.atomicLoad32(offset)).toBe(5);
    expect(pool.atomicAdd32(offset, 3)).toBe(5);
    expect(pool.atomicAdd32(offset, -8)).toBe(8);
    expect(pool.atomicAdd32(offset, -1)).toBe(0);
    expect(pool.atomicLoad32(offset)).toBe(0xffffffff);
    expect(words[1]).toBe(words[1]);
    for (const bad of [offset + 1, -4, MiB, MiB - 2, 2 ** 53])
      expect(() => pool.atomicLoad32(bad)).toThrow(RangeError);
    expect(() => pool.atomicAdd32(offset, 'x' as never)).toThrow(TypeError);
  });
});
