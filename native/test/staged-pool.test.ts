// Lists of small messages by registers: the same as Pool's methods do, and no more for whoever writes nonsense.
import { constants } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allocateStaged,
  buildStaged,
  findStaged,
  freeStaged,
  giveBackStaged,
  listBytes,
  out,
  poolCreate,
  poolOpen,
  releaseStaged,
  sendListStaged,
  stagedList,
  stagedOffset,
  takeStaged,
} from '../ts/index.js';
import { loadBinding } from '../ts/loader.js';
import { uniqueName } from './support.js';

const { EBADF, EINVAL, EMSGSIZE, ENOMEM } = constants.errno;
const MiB = 1 << 20;
const newPool = () => poolCreate(uniqueName('staged'), MiB, 0o600);

describe('a small message', () => {
  it('is built, sent with its metadata, taken, found and released to nothing', () => {
    const pool = newPool();
    const peer = poolOpen(pool.name);
    const free = pool.freeBytes();
    const offset = buildStaged(pool.index, 64);
    const list = stagedList();
    new Uint8Array(pool.view(offset, 64)).set([1, 2, 3]);
    listBytes.set([7, 8, 9]);
    const metadata = sendListStaged(pool.index, list, 16, 3);
    listBytes.fill(0);
    expect(takeStaged(peer.index, metadata)).toBe(3);
    expect([...listBytes.subarray(0, 4)]).toEqual([7, 8, 9, 0]);
    expect(findStaged(peer.index, list)).toBe(16);
    expect(stagedOffset()).toBe(offset);
    expect([...new Uint8Array(peer.view(offset, 3))]).toEqual([1, 2, 3]);
    // What the methods see is the same.
    expect(new Uint8Array((peer.listBorrow(list, 1) as ArrayBuffer[])[0]!)).toHaveLength(16);
    expect(releaseStaged(peer.index, list)).toBe(1);
    expect(releaseStaged(pool.index, list)).toBe(0);
    expect(pool.freeBytes()).toBe(free);
    for (const again of [releaseStaged, findStaged, takeStaged])
      expect(again(pool.index, list)).toBe(-EINVAL);
  });

  it('of several segments is for the methods', () => {
    const pool = newPool();
    const list = pool.listCreate();
    expect(findStaged(pool.index, list)).toBe(-EMSGSIZE);
    pool.listGrow(list, 8);
    pool.listGrow(list, 8);
    expect(findStaged(pool.index, list)).toBe(-EMSGSIZE);
    expect(takeStaged(pool.index, list)).toBe(-EMSGSIZE);
    expect(sendListStaged(pool.index, list, 8, 8)).toBe(-EINVAL);
  });

  it('whose metadata does not fit stays whole, and so does one that is not sent', () => {
    const pool = newPool();
    const long = pool.listStore(new Uint8Array(listBytes.length + 1), 0, listBytes.length + 1);
    expect(takeStaged(pool.index, long)).toBe(-EMSGSIZE);
    expect(releaseStaged(pool.index, long)).toBe(0);
    const free = pool.freeBytes();
    buildStaged(pool.index, 64);
    const list = stagedList();
    expect(sendListStaged(pool.index, list, 65, 8)).toBe(-EINVAL);
    expect(releaseStaged(pool.index, list)).toBe(0);
    expect(pool.freeBytes()).toBe(free);
    expect(buildStaged(pool.index, 2 * MiB)).toBe(-ENOMEM);
    for (const capacity of [0, 4, 12]) expect(buildStaged(pool.index, capacity)).toBe(-EINVAL);
    expect(pool.freeBytes()).toBe(free);
  });
});

describe('a block', () => {
  it('is allocated and freed once', () => {
    const pool = newPool();
    const free = pool.freeBytes();
    const offset = allocateStaged(pool.index, 100);
    expect(pool.freeBytes()).toBeLessThan(free - 100);
    expect(freeStaged(pool.index, offset)).toBe(0);
    for (const again of [offset, offset + 8, 0, -1, 0.5, 2 ** 53, Number.NaN])
      expect(freeStaged(pool.index, again), String(again)).toBe(-EINVAL);
    expect(allocateStaged(pool.index, 2 * MiB)).toBe(-ENOMEM);
    for (const bytes of [0, -1, 0.5, Number.NaN, 2 ** 54])
      expect(() => allocateStaged(pool.index, bytes), String(bytes)).toThrow(RangeError);
    expect(pool.freeBytes()).toBe(free);
    pool.close();
    expect(allocateStaged(pool.index, 8)).toBe(-EBADF);
    expect(freeStaged(pool.index, offset)).toBe(-EBADF);
  });
});

describe('registers', () => {
  it('name pools of this environment only, as long as they are open', () => {
    const pool = newPool();
    expect(newPool().index).not.toBe(pool.index);
    pool.close();
    for (const index of [pool.index, 1e6, 2 ** 40, -1, 0.5 + 1e6, Number.NaN, Number.POSITIVE_INFINITY])
      expect(buildStaged(index, 8), String(index)).toBe(-EBADF);
  });

  it('with anything in them harm nobody', () => {
    const { poolStaged } = loadBinding();
    const pool = newPool();
    const offset = buildStaged(pool.index, 64);
    const list = stagedList();
    new Uint8Array(pool.view(offset, 64)).fill(5);
    // An owner for each release that hits.
    const value = fc.oneof(
      fc.constantFrom(0, 1, 8, 64, list, offset, -1, 2 ** 31, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY),
      fc.double(),
      fc.nat(MiB),
    );
    fc.assert(
      fc.property(fc.nat(9), value, value, value, (operation, ...values) => {
        pool.listShare(list);
        const free = pool.freeBytes();
        [out[14], out[9], out[10]] = values as [number, number, number];
        // To free what the list is made of would be granted.
        if (operation === 6) out[14] = out[14]! + 4;
        out[12] = operation;
        out[13] = pool.index;
        try {
          poolStaged();
        } catch (err) {
          expect(err).toBeInstanceOf(RangeError);
          return;
        }
        const result = out[11]!;
        expect(Number.isInteger(result)).toBe(true);
        if (operation === 0 && result >= 0) releaseStaged(pool.index, stagedList());
        else if ((operation === 1 || operation === 7) && result >= 0) releaseStaged(pool.index, result);
        else if (operation === 5 && result >= 0) freeStaged(pool.index, result);
        giveBackStaged(pool.index);
        expect(pool.freeBytes()).toBe(free);
      }),
      { numRuns: 5000 },
    );
    expect(findStaged(pool.index, list)).toBeGreaterThanOrEqual(0);
  });
});
