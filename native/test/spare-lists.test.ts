// Lists that are kept for the next messages: who has a share in them, what becomes of their bytes, and when they go.
import { constants } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildStaged,
  findStaged,
  giveBackStaged,
  listBytes,
  type Pool,
  poolCreate,
  poolOpen,
  releaseStaged,
  retireStaged,
  sendListKeeping,
  shmUnlink,
  stagedList,
  stagedOffset,
  takeStaged,
} from '../ts/index.js';
import { uniqueName } from './support.js';

const { EBADF, EINVAL, ENOMEM } = constants.errno;
const MiB = 1 << 20;
const MOST = 16;

interface Sent {
  list: number;
  metadata: number;
  mark: number;
}

/** Builds and sends a message of bytes that all are `mark`. */
function send(pool: Pool, size: number, mark: number): Sent {
  const offset = buildStaged(pool.index, size);
  expect(offset).toBeGreaterThan(0);
  const list = stagedList();
  new Uint8Array(pool.view(offset, size)).fill(mark);
  listBytes.fill(mark, 0, 80);
  const metadata = sendListKeeping(pool.index, list, size, 80);
  expect(metadata).toBeGreaterThan(0);
  return { list, metadata, mark };
}

function read(pool: Pool, { list, mark }: Sent): void {
  const size = findStaged(pool.index, list);
  expect(size).toBeGreaterThan(0);
  const seen = new Uint8Array(pool.view(stagedOffset(), size));
  expect(seen.every((byte) => byte === mark)).toBe(true);
}

function receive(pool: Pool, sent: Sent): void {
  listBytes.fill(0, 0, 80);
  expect(takeStaged(pool.index, sent.metadata)).toBe(80);
  expect(listBytes.subarray(0, 80).every((byte) => byte === sent.mark)).toBe(true);
  read(pool, sent);
}

const start = () => {
  const pool = poolCreate(uniqueName('spare'), MiB, 0o600);
  const peer = poolOpen(pool.name);
  shmUnlink(pool.name);
  return { pool, peer, free: pool.freeBytes() };
};

describe('a list that was sent', () => {
  it('serves again once the recipient is done with it, its metadata likewise', () => {
    const { pool, peer, free } = start();
    const first = send(pool, 64, 1);
    expect(retireStaged(pool.index, first.list)).toBe(1);
    const second = send(pool, 64, 2);
    expect([second.list, second.metadata]).not.toEqual([first.list, first.metadata]);
    expect(second.list).not.toBe(first.list);
    expect(second.metadata).not.toBe(first.metadata);
    receive(peer, first);
    receive(peer, second);
    expect(releaseStaged(peer.index, first.list)).toBe(1);
    expect(retireStaged(pool.index, second.list)).toBe(1);
    // After a look in vain the next two messages are not worth one.
    for (const mark of [3, 4]) {
      const between = send(pool, 64, mark);
      expect(between.list).not.toBe(first.list);
      receive(peer, between);
      releaseStaged(peer.index, between.list);
      retireStaged(pool.index, between.list);
    }
    const before = pool.freeBytes();
    const last = send(pool, 64, 5);
    expect(last).toEqual({ list: first.list, metadata: first.metadata, mark: 5 });
    expect(pool.freeBytes()).toBe(before);
    // Nobody has touched what is still held.
    read(peer, second);
    receive(peer, last);
    expect(releaseStaged(peer.index, second.list)).toBe(1);
    expect(releaseStaged(peer.index, last.list)).toBe(1);
    expect(retireStaged(pool.index, last.list)).toBe(1);
    // Four bodies, and their metadata.
    expect(giveBackStaged(pool.index)).toBe(8);
    expect(pool.freeBytes()).toBe(free);
  });

  it('is the recipient’s alone when it is given back before', () => {
    const { pool, peer, free } = start();
    const sent = send(pool, 64, 7);
    retireStaged(pool.index, sent.list);
    expect(giveBackStaged(pool.index)).toBe(2);
    expect(giveBackStaged(pool.index)).toBe(0);
    receive(peer, sent);
    expect(releaseStaged(peer.index, sent.list)).toBe(0);
    expect(pool.freeBytes()).toBe(free);
  });

  it('is retired once', () => {
    const { pool } = start();
    buildStaged(pool.index, 64);
    const list = stagedList();
    expect(retireStaged(pool.index, list)).toBe(1);
    expect(retireStaged(pool.index, list)).toBe(-EINVAL);
    buildStaged(pool.index, 64);
    expect(stagedList()).toBe(list);
    expect(retireStaged(pool.index, list)).toBe(1);
  });
});

describe('a recipient', () => {
  it('that holds messages for long does not keep others from being used again', () => {
    const { pool, peer, free } = start();
    const held = Array.from({ length: MOST }, (_, i) => send(pool, 64, i));
    for (const sent of held) {
      receive(peer, sent);
      retireStaged(pool.index, sent.list);
    }
    let allocated = 0;
    for (let i = 0; i < 3000; i++) {
      const before = pool.freeBytes();
      const sent = send(pool, 64, i & 255);
      if (pool.freeBytes() !== before) allocated = i;
      receive(peer, sent);
      releaseStaged(peer.index, sent.list);
      retireStaged(pool.index, sent.list);
    }
    // Those that are held went from the sender's books one after another, a look in vain each.
    expect(allocated).toBeGreaterThan(100);
    expect(allocated).toBeLessThan(2900);
    for (const sent of held) {
      read(peer, sent);
      expect(releaseStaged(peer.index, sent.list)).toBeGreaterThanOrEqual(0);
    }
    giveBackStaged(pool.index);
    expect(pool.freeBytes()).toBe(free);
  });
});

describe('what is kept', () => {
  it('serves only messages that it fits', () => {
    const { pool } = start();
    buildStaged(pool.index, 64);
    const list = stagedList();
    for (const [size, fits] of [
      [72, false],
      [24, false],
      [32, true],
      [64, true],
    ] as const) {
      retireStaged(pool.index, list);
      buildStaged(pool.index, size);
      expect(stagedList() === list, String(size)).toBe(fits);
      giveBackStaged(pool.index);
      if (!fits) buildStaged(pool.index, 64);
    }
  });

  it('is small, of one segment, and little', () => {
    const { pool, free } = start();
    for (const [size, kept] of [
      [16 * 1024, 1],
      [16 * 1024 + 8, 0],
    ] as const) {
      buildStaged(pool.index, size);
      expect(retireStaged(pool.index, stagedList())).toBe(kept);
    }
    buildStaged(pool.index, 64);
    const grown = stagedList();
    pool.listGrow(grown, 64);
    expect(retireStaged(pool.index, grown)).toBe(0);
    expect(giveBackStaged(pool.index)).toBe(1);
    const lists: number[] = [];
    for (let i = 0; i <= MOST; i++) {
      buildStaged(pool.index, 64);
      lists.push(stagedList());
    }
    expect(lists.map((list) => retireStaged(pool.index, list))).toEqual([...Array(MOST).fill(1), 0]);
    expect(findStaged(pool.index, lists[MOST]!)).toBe(-EINVAL);
    expect(giveBackStaged(pool.index)).toBe(MOST);
    expect(pool.freeBytes()).toBe(free);
  });

  it('makes room for whatever else needs it', () => {
    for (const allocate of [
      (pool: Pool, size: number) => pool.allocate(size),
      (pool: Pool, size: number) => pool.allocateMany(Math.floor(size / 3), new Float64Array(3)),
      (pool: Pool, size: number) => pool.objectCreate(size),
      (pool: Pool, size: number) => buildStaged(pool.index, size & ~7),
    ]) {
      const { pool, free } = start();
      buildStaged(pool.index, 8192);
      retireStaged(pool.index, stagedList());
      expect(allocate(pool, free - 512)).toBeGreaterThanOrEqual(0);
      expect(giveBackStaged(pool.index)).toBe(0);
      expect(allocate(pool, MiB)).toBe(-ENOMEM);
    }
  });

  it('goes with the pool', () => {
    const { pool, peer, free } = start();
    const sent = send(pool, 64, 1);
    receive(peer, sent);
    releaseStaged(peer.index, sent.list);
    retireStaged(pool.index, sent.list);
    expect(peer.freeBytes()).toBeLessThan(free);
    pool.close();
    expect(peer.freeBytes()).toBe(free);
    expect(buildStaged(pool.index, 8)).toBe(-EBADF);
    for (const gone of [retireStaged, giveBackStaged]) expect(gone(pool.index, 8)).toBe(-EBADF);
  });
});

describe('two processes’ worth of senders and recipients', () => {
  it('find every message whole, whatever is kept, and all memory in the end', () => {
    const size = fc.constantFrom(8, 64, 72, 1000, 8192, 16 * 1024, 20_000);
    const step = fc.oneof(
      fc.record({ what: fc.constant('send' as const), by: fc.nat(1), size }),
      fc.record({ what: fc.constantFrom('retire' as const, 'receive' as const), of: fc.nat() }),
      fc.record({ what: fc.constant('release' as const), of: fc.nat() }),
      fc.record({ what: fc.constant('giveBack' as const), by: fc.nat(1) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { pool, peer, free } = start();
        const sides = [pool, peer];
        const built: (Sent & { by: number })[] = [];
        const underWay: typeof built = [];
        const held: typeof built = [];
        let mark = 0;
        const take = (from: typeof built, at: number) => from.splice(at % from.length, 1)[0]!;
        const receiveOne = (at: number) => {
          const sent = take(underWay, at);
          receive(sides[1 - sent.by]!, sent);
          held.push(sent);
        };
        const releaseOne = (at: number) => {
          const got = take(held, at);
          read(sides[1 - got.by]!, got);
          expect(releaseStaged(sides[1 - got.by]!.index, got.list)).toBeGreaterThanOrEqual(0);
        };
        const retireOne = (at: number) => {
          const { by, list } = take(built, at);
          expect(retireStaged(sides[by]!.index, list)).toBeGreaterThanOrEqual(0);
        };
        for (const each of steps) {
          if (each.what === 'send' && built.length + held.length < 30) {
            const sent = { ...send(sides[each.by]!, each.size, ++mark & 255), by: each.by };
            built.push(sent);
            underWay.push(sent);
          } else if (each.what === 'giveBack') giveBackStaged(sides[each.by]!.index);
          else if (each.what === 'retire' && built.length > 0) retireOne(each.of);
          else if (each.what === 'receive' && underWay.length > 0) receiveOne(each.of);
          else if (each.what === 'release' && held.length > 0) releaseOne(each.of);
        }
        while (underWay.length > 0) receiveOne(0);
        while (held.length > 0) releaseOne(0);
        while (built.length > 0) retireOne(0);
        for (const side of sides) giveBackStaged(side.index);
        expect(pool.freeBytes()).toBe(free);
        peer.close();
        pool.close();
      }),
      { numRuns: 200 },
    );
  });

  it('are harmed by nothing that is written into what was kept', () => {
    // Words of holder, node and bytes, which lie side by side; between them are the allocator's own.
    const word = fc.constantFrom(...[0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 23]);
    const value = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: -300n, max: 300n }));
    fc.assert(
      fc.property(fc.array(fc.tuple(word, value), { minLength: 1, maxLength: 4 }), (writes) => {
        const { pool, peer } = start();
        const sent = send(pool, 64, 1);
        receive(peer, sent);
        releaseStaged(peer.index, sent.list);
        retireStaged(pool.index, sent.list);
        for (const from of [sent.list, sent.metadata]) {
          const words = new BigUint64Array(pool.view(from, 24 * 8));
          for (const [at, what] of writes) words[at] = BigInt.asUintN(64, what);
        }
        // A list that is used again, or a new one: both whole, or a code.
        const offset = buildStaged(pool.index, 64);
        expect(offset).toBeLessThan(MiB);
        if (offset > 0) {
          const list = stagedList();
          new Uint8Array(pool.view(offset, 64)).fill(2);
          const stored = sendListKeeping(pool.index, list, 64, 80);
          expect(stored).toBeLessThan(MiB);
          if (stored > 0) read(peer, { list, metadata: stored, mark: 2 });
        }
        giveBackStaged(pool.index);
        peer.close();
        pool.close();
      }),
      { numRuns: 2000 },
    );
  });
});
