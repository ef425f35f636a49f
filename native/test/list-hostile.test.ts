// Lists whose bytes a peer has changed: errors, never a crash, never a read outside the pool.
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { poolCreate } from '../ts/index.js';
import { random, uniqueName } from './support.js';

const { EINVAL } = constants.errno;
const SIZE = 64 * 1024;
const pristine = poolCreate(uniqueName('hostile'), SIZE, 0o600);

function build(segments: number, next: (limit: number) => number) {
  const list = pristine.listCreate();
  for (let i = 0; i < segments; i++) pristine.listGrow(list, 8 * (1 + next(40)));
  expect(pristine.listLend(list, new Array(segments).fill(8))).toBe(0);
  return list;
}

const INTERESTING = [
  0n,
  1n,
  2n,
  7n,
  8n,
  16n,
  0x20n,
  0x28n,
  BigInt(SIZE),
  BigInt(SIZE - 8),
  0x7fffffffn,
  0xffffffffn,
  1n << 62n,
  1n << 63n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
  (1n << 64n) - 8n,
  (1n << 64n) - 40n,
];

describe('a changed list', () => {
  it('100 000 of them are refused or read within the pool', () => {
    const image = new Uint8Array(pristine.view(0, SIZE));
    const words = new BigUint64Array(pristine.view(0, SIZE));
    const next = random(20261121);
    const target = new Uint8Array(4096);
    // What lists are made of lies in the first kilobytes; the allocator's header (below 160) is not a list's.
    const lists = [build(1, next), build(3, next), build(7, next)];
    pristine.allocate(100);
    const used = Math.ceil((SIZE - 160 - pristine.freeBytes()) / 8) * 8;
    const snapshot = image.slice();
    let refused = 0;
    let read = 0;
    for (let round = 0; round < 100_000; round++) {
      const list = lists[next(3)]!;
      const changes = 1 + next(3);
      for (let i = 0; i < changes; i++) {
        const word = 20 + next((used - 160) / 8);
        switch (next(4)) {
          case 0:
            words[word] = INTERESTING[next(INTERESTING.length)]!;
            break;
          case 1:
            image[word * 8 + next(8)] = next(256);
            break;
          case 2: // an offset that leads somewhere in the pool, or just out of it
            words[word] = BigInt.asUintN(64, BigInt(next(SIZE + 64)) - BigInt(word * 8));
            break;
          default:
            words[word] = words[20 + next((used - 160) / 8)]!;
        }
      }
      const at = next(10) === 0 ? next(SIZE + 100) : list;
      const borrowed = round % 4 === 0 ? pristine.listBorrow(at, 16) : -EINVAL;
      if (typeof borrowed === 'number') {
        expect(borrowed).toBe(-EINVAL);
        refused++;
      } else {
        read++;
        for (const buffer of borrowed) {
          expect(buffer.byteLength).toBeLessThanOrEqual(SIZE);
          if (buffer.byteLength > 0) void new Uint8Array(buffer)[buffer.byteLength - 1];
        }
      }
      pristine.listTake(at, target);
      pristine.listRelease(at, []);
      pristine.listRelease(at, []);
      if (round % 8 === 0) pristine.listLend(at, [8]);
      image.set(snapshot);
    }
    expect(refused).toBeGreaterThan(1000);
    expect(read).toBeGreaterThan(100);
    // The pool is as it was: everything can be released.
    for (const list of lists) {
      expect(pristine.listRelease(list, [])).toBe(1);
      expect(pristine.listRelease(list, [])).toBe(0);
    }
  });

  it('random handles are refused', () => {
    const next = random(7);
    const list = build(2, next);
    const target = new Uint8Array(64);
    for (const at of [
      0,
      1,
      8,
      16,
      159,
      160,
      175,
      SIZE - 32,
      SIZE - 31,
      SIZE,
      2 ** 31,
      2 ** 53,
      -8,
      Number.NaN,
      0.5,
    ]) {
      if (at === list) continue;
      expect(pristine.listBorrow(at, 5)).toBe(-EINVAL);
      expect(pristine.listTake(at, target)).toBe(-EINVAL);
      expect(pristine.listRelease(at, [])).toBe(-EINVAL);
      expect(pristine.listLend(at, [])).toBe(-EINVAL);
      expect(pristine.listGrow(at, 8)).toBe(-EINVAL);
    }
    expect(pristine.listRelease(list, [])).toBe(1);
    expect(pristine.listRelease(list, [])).toBe(0);
  });

  it('with one node or buffer named twice frees nothing', () => {
    const list = build(2, random(3));
    const words = new BigUint64Array(pristine.view(0, SIZE));
    const follow = (field: number) => field + Number(BigInt.asIntN(64, words[field / 8]!));
    const point = (field: number, to: number) => {
      words[field / 8] = BigInt.asUintN(64, BigInt(to - field));
    };
    const first = follow(list + 8);
    const second = follow(first);
    const buffer = follow(first + 40);
    const free = pristine.freeBytes();
    expect(pristine.listRelease(list, [])).toBe(1);
    const saved = words.slice();
    const restore = () => words.set(saved.subarray(20), 20);

    point(second + 40, buffer); // two nodes, one buffer
    words[(second + 32) / 8] = words[(first + 32) / 8]!;
    words[(second + 48) / 8] = words[(first + 48) / 8]!;
    expect(pristine.listRelease(list, [])).toBe(-EINVAL);
    restore();
    point(second, first); // a ring without the root
    expect(pristine.listRelease(list, [])).toBe(-EINVAL);
    restore();
    point(second + 40, first); // a buffer that is a node
    expect(pristine.listRelease(list, [])).toBe(-EINVAL);
    restore();
    new Uint32Array(pristine.view(list + 24, 4))[0] = 0; // nobody owns it
    expect(pristine.listRelease(list, [])).toBe(-EINVAL);
    restore();
    expect(pristine.freeBytes()).toBe(free);
    expect(pristine.listRelease(list, [])).toBe(0);
  });
});
