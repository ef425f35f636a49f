// A Boost queue whose memory somebody scribbles on, or cuts short: coded errors, never a crash, never a hang.
import { ftruncateSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  closeFd,
  type MessageQueue,
  MQ_RECEIVE,
  MQ_SEND,
  mapFd,
  mqCreate,
  mqOpen,
  shmCreate,
  shmOpen,
} from '../ts/index.js';
import { bytes, thrown, uniqueName } from './support.js';

const { EAGAIN, EBADMSG, ETIMEDOUT } = constants.errno;
const EOWNERDEAD = 130;

// Offsets of src/mq_bipc_layout.h.
const STATE = 0;
const INDEX_POINTER = 16;
const MAX_MESSAGES = 24;
const MAX_SIZE = 32;
const COUNT = 40;
const MUTEX = 48;
const MUTEX_KIND = 64;
const FIRST = 184;
const BLOCKED_RECEIVERS = 200;
const INDEX = 208;

const MESSAGES = 4;
const SIZE = 16;
const room = new Uint8Array(SIZE);

/** A queue and a second view of its memory. */
function scribbled(maxMessages = MESSAGES, maxSize = SIZE) {
  const name = uniqueName('bipc');
  const queue = mqCreate('bipc', name, maxMessages, maxSize, 0o600);
  const fd = shmOpen(name, false);
  const total = INDEX + maxMessages * (8 + 16 + maxSize);
  const memory = new Uint8Array(mapFd(fd, 0, total, false));
  return { name, queue, fd, memory, view: new DataView(memory.buffer) };
}
const use = (queue: MessageQueue) => [
  queue.trySend(bytes('ab'), 0, 2),
  queue.tryReceive(room, 0, SIZE),
  queue.ready(MQ_SEND),
  queue.ready(MQ_RECEIVE),
];

describe('a number that cannot be', () => {
  const huge = 0xffffffffffffffffn;
  it.each([
    ['more messages than fit', COUNT, 5n],
    ['a first message outside the index', FIRST, 4n],
    ['a huge count', COUNT, huge],
    ['an index entry beyond the messages', INDEX, 4n * 8n + 4n * 32n],
    ['an index entry before them', INDEX, 0n],
    ['an index entry between two', INDEX, 33n],
    ['a null index entry', INDEX, 1n],
    ['a huge index entry', INDEX, huge],
  ])('%s is EBADMSG, for good', (_, offset, value) => {
    const { queue, view } = scribbled();
    const before = view.getBigUint64(offset, true);
    // All entries, so that whichever is used next is a bad one.
    const places = offset === INDEX ? [0, 8, 16, 24].map((at) => INDEX + at) : [offset];
    for (const place of places) view.setBigUint64(place, value, true);
    expect(queue.trySend(bytes('ab'), 0, 2)).toBe(-EBADMSG);
    view.setBigUint64(offset, before, true);
    expect(use(queue)).toEqual(Array(4).fill(-EBADMSG));
    expect(queue.receive(room, 0, SIZE, -1)).toBe(-EBADMSG);
    expect(queue.wait(MQ_RECEIVE, -1)).toBe(-EBADMSG);
    queue.close();
  });

  it('a message longer than it may be is EBADMSG', () => {
    const { queue, view } = scribbled();
    queue.trySend(bytes('ab'), 0, 2);
    const first = INDEX + MESSAGES * 8 + (MESSAGES - 1) * (16 + SIZE);
    expect(view.getBigUint64(first, true)).toBe(2n);
    view.setBigUint64(first, 17n, true);
    expect(queue.tryReceive(room, 0, SIZE)).toBe(-EBADMSG);
    queue.close();
  });

  it('a mutex of an unknown kind is EBADMSG before any thread library sees it', () => {
    for (const kind of [0, 1, 32, 129, 160, 0xffffffff]) {
      const { queue, view } = scribbled();
      view.setUint32(MUTEX_KIND, kind, true);
      expect(queue.trySend(bytes('ab'), 0, 2)).toBe(-EBADMSG);
      queue.close();
    }
  });

  it('a mutex that nobody will unlock is an error within a second or so, and at once from then on', () => {
    const { queue, view } = scribbled();
    view.setUint32(MUTEX, 0x3fffffff, true);
    const start = performance.now();
    expect([-ETIMEDOUT, -EOWNERDEAD]).toContain(queue.trySend(bytes('ab'), 0, 2));
    expect(performance.now() - start).toBeLessThan(3000);
    const again = performance.now();
    expect(use(queue).every((code) => code < 0)).toBe(true);
    expect(performance.now() - again).toBeLessThan(500);
    queue.close();
  });

  it('a header that makes no sense is not opened', () => {
    const { name, queue, view } = scribbled();
    for (const [offset, value] of [
      [INDEX_POINTER, 0n],
      [MAX_MESSAGES, 0n],
      [MAX_MESSAGES, 5n],
      [MAX_MESSAGES, huge],
      [MAX_SIZE, 0n],
      [MAX_SIZE, 17n],
      [MAX_SIZE, huge],
      [MAX_SIZE, 2n ** 39n],
    ] as const) {
      const before = view.getBigUint64(offset, true);
      view.setBigUint64(offset, value, true);
      expect(thrown(() => mqOpen('bipc', name)).code).toBe('EBADMSG');
      view.setBigUint64(offset, before, true);
    }
    view.setUint32(STATE, 3, true);
    expect(thrown(() => mqOpen('bipc', name)).code).toBe('EBADMSG');
    view.setUint32(STATE, 2, true);
    // Sizes that change later make no difference to who has it open.
    view.setBigUint64(MAX_SIZE, huge, true);
    view.setBigUint64(MAX_MESSAGES, huge, true);
    expect(use(queue)).toEqual([0, 2, 1, 0]);
    queue.close();
  });

  it('waiters in Boost’s condition variable that do not exist, and damage in it, hang no one', () => {
    for (let round = 0; round < 10; round++) {
      const { queue, memory, view } = scribbled();
      view.setBigUint64(BLOCKED_RECEIVERS, 3n, true);
      memory.fill(round * 25, 88, 88 + 96);
      const start = performance.now();
      for (let i = 0; i < 50; i++) use(queue);
      expect(performance.now() - start).toBeLessThan(1500);
      queue.close();
    }
  });
});

describe('a queue cut short', () => {
  it('is EBADMSG, not SIGBUS, for who had it open', () => {
    for (const left of [0, 4096, 8192]) {
      const { queue, fd } = scribbled(4, 8192);
      const big = new Uint8Array(8192);
      expect(queue.trySend(big, 0, 8192)).toBe(0);
      ftruncateSync(fd, left);
      const codes = [];
      for (let i = 0; i < 8; i++) codes.push(queue.trySend(big, 0, 8192), queue.tryReceive(big, 0, 8192));
      expect(codes).toContain(-EBADMSG);
      expect(codes.at(-1)).toBe(-EBADMSG);
      queue.close();
      closeFd(fd);
    }
  });

  it('is not opened', () => {
    const { name, fd } = scribbled();
    for (const left of [1, 15, 207, 300]) {
      ftruncateSync(fd, left);
      expect(thrown(() => mqOpen('bipc', name)).code).toBe('EBADMSG');
    }
    closeFd(fd);
  });

  it('that never gets any content is EAGAIN after a while', () => {
    const name = uniqueName();
    closeFd(shmCreate(name, 4096, 0o600));
    const start = performance.now();
    expect(thrown(() => mqOpen('bipc', name)).code).toBe('EAGAIN');
    expect(performance.now() - start).toBeGreaterThan(500);
  });
});

// A million in the long run. What a waiter or a lock would make us wait for is left out: it has its tests above.
const MUTATIONS = process.env.FLOW_IPC_LONG ? 1_000_000 : 200_000;

it(`${MUTATIONS} mutations of header, index and message heads: codes, and no message that was not there`, () => {
  const { name, queue, memory, view } = scribbled();
  queue.trySend(bytes('abc'), 0, 3);
  queue.trySend(bytes('de'), 0, 2);
  const image = memory.slice();
  let seed = 12345;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  const words = image.length / 8;
  const interesting = [
    0n,
    1n,
    2n,
    3n,
    4n,
    5n,
    7n,
    8n,
    16n,
    17n,
    31n,
    32n,
    208n,
    0x7fffffffn,
    0x80000000n,
    2n ** 63n,
    2n ** 64n - 1n,
  ];
  const codes = new Map<number, number>();
  let user: MessageQueue = queue;
  for (let i = 0; i < MUTATIONS; i++) {
    for (let n = 1 + random(3); n > 0; n--) {
      const place = random(words) * 8;
      // Not the mutex but for its kind, not the condition variables.
      if (place >= MUTEX && place < FIRST && place !== MUTEX_KIND) continue;
      // Nor waiting C++ programs: each would be signalled by a thread.
      if (place > FIRST && place <= BLOCKED_RECEIVERS) continue;
      const value =
        random(3) === 0
          ? BigInt(random(2 ** 24)) << BigInt(random(40))
          : interesting[random(interesting.length)]!;
      view.setBigUint64(
        place,
        random(2) === 0 ? value : view.getBigUint64(place, true) ^ (1n << BigInt(random(64))),
        true,
      );
    }
    // A queue that is not ready yet would be waited for.
    if (random(8) === 0 && view.getUint32(STATE, true) >= 2) {
      try {
        mqOpen('bipc', name).close();
      } catch (err) {
        if ((err as { code: string }).code !== 'EBADMSG') throw err;
      }
    }
    const results = use(user);
    for (const code of results) codes.set(code, (codes.get(code) ?? 0) + 1);
    memory.set(image);
    if (results.includes(-EBADMSG)) {
      user.close();
      user = mqOpen('bipc', name);
    }
  }
  const unexpected = [...codes.keys()].filter(
    (c) => c !== -EBADMSG && c !== -EAGAIN && !(c >= 0 && c <= SIZE),
  );
  expect(unexpected).toEqual([]);
  expect(codes.get(-EBADMSG)).toBeGreaterThan(MUTATIONS / 20);
  expect(codes.get(2) ?? 0).toBeGreaterThan(0);
  expect(user.tryReceive(room, 0, SIZE)).toBe(3);
  user.close();
}, 300_000);
