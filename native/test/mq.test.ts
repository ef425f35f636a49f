// Message queues of both kinds: what each call does, refuses and costs.
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  FdWatcher,
  type MessageQueue,
  MQ_RECEIVE,
  MQ_SEND,
  mqCreate,
  mqInterrupt,
  mqOpen,
  mqUnlink,
  pollFd,
  READABLE,
  shmCreate,
  shmUnlink,
  WRITABLE,
} from '../ts/index.js';
import { bytes, fdCount, thrown, tick, uniqueName } from './support.js';

const { EAGAIN, EMSGSIZE, EBADF, ECANCELED } = constants.errno;

const KINDS = ['posix', 'bipc'] as const;

/** A queue of 4 messages of 64 bytes, its name gone already: nothing is left behind. */
function anonymous(kind: 'posix' | 'bipc', maxMessages = 4, maxMessageSize = 64): MessageQueue {
  const name = uniqueName(kind);
  const queue = mqCreate(kind, name, maxMessages, maxMessageSize, 0o600);
  if (kind === 'posix') mqUnlink(name);
  else shmUnlink(name);
  return queue;
}
const put = (queue: MessageQueue, text: string) => queue.trySend(bytes(text), 0, text.length);
const room = new Uint8Array(64);
const take = (queue: MessageQueue) => {
  const n = queue.tryReceive(room, 0, 64);
  return n < 0 ? n : Buffer.from(room.subarray(0, n)).toString();
};

describe.each(KINDS)('a %s queue', (kind) => {
  it('keeps order and boundaries, takes empty messages, and says when it is full or empty', () => {
    const queue = anonymous(kind);
    expect([queue.maxMessages, queue.maxMessageSize]).toEqual([4, 64]);
    for (let round = 0; round < 5; round++) {
      expect([queue.ready(MQ_SEND), queue.ready(MQ_RECEIVE), take(queue)]).toEqual([1, 0, -EAGAIN]);
      for (const text of ['a', '', 'ccc', 'x'.repeat(64)]) expect(put(queue, text)).toBe(0);
      expect([queue.ready(MQ_SEND), queue.ready(MQ_RECEIVE), put(queue, 'e')]).toEqual([0, 1, -EAGAIN]);
      expect([take(queue), take(queue), take(queue), take(queue)]).toEqual(['a', '', 'ccc', 'x'.repeat(64)]);
    }
    queue.close();
  });

  it('takes slices, and refuses what does not fit', () => {
    const queue = anonymous(kind);
    expect(queue.trySend(bytes('abcdef'), 2, 3)).toBe(0);
    const target = new Uint8Array(100);
    expect(queue.tryReceive(target, 36, 64)).toBe(3);
    expect(Buffer.from(target.subarray(36, 39)).toString()).toBe('cde');
    expect(queue.trySend(new Uint8Array(65), 0, 65)).toBe(-EMSGSIZE);
    put(queue, 'x');
    expect(queue.tryReceive(target, 0, 63)).toBe(-EMSGSIZE);
    expect(take(queue)).toBe('x');
    expect(() => queue.trySend(target, 50, 51)).toThrow(RangeError);
    expect(() => queue.trySend('x' as never, 0, 1)).toThrow(TypeError);
    expect(() => queue.ready(2)).toThrow(RangeError);
    queue.close();
  });

  it('exists until its name is removed and its last handle closed', () => {
    const name = uniqueName(kind);
    const remove = () => (kind === 'posix' ? mqUnlink(name) : shmUnlink(name));
    const queue = mqCreate(kind, name, 2, 10, 0o600);
    expect(thrown(() => mqCreate(kind, name, 2, 10, 0o600)).code).toBe('EEXIST');
    put(queue, 'left');
    queue.close();
    queue.close();
    expect(put(queue, 'x')).toBe(-EBADF);
    expect([take(queue), queue.ready(0), queue.wait(1, 0), queue.watchFd(0), queue.arm(0)]).toEqual(
      Array(5).fill(-EBADF),
    );
    const again = mqOpen(kind, name);
    expect([again.maxMessages, again.maxMessageSize]).toEqual([2, 10]);
    remove();
    expect(thrown(remove).code).toBe('ENOENT');
    expect(thrown(() => mqOpen(kind, name)).code).toBe('ENOENT');
    expect(take(again)).toBe('left');
    again.close();
  });

  it('has the mode asked for, whatever the umask', () => {
    const before = process.umask(0o077);
    try {
      const name = uniqueName(kind);
      const queue = mqCreate(kind, name, 1, 8, 0o664);
      // A POSIX queue's descriptor is a file of the kernel; a Boost queue's memory has a name.
      const path = kind === 'posix' ? `/proc/self/fd/${queue.watchFd(MQ_RECEIVE)}` : `/dev/shm/${name}`;
      expect(statSync(path).mode & 0o777).toBe(0o664);
      queue.close();
    } finally {
      process.umask(before);
    }
  });

  it('gives up a limited wait in time, neither early nor much late', () => {
    const queue = anonymous(kind);
    for (const wait of [
      () => queue.receive(room, 0, 64, 30),
      () => queue.wait(MQ_RECEIVE, 30) || -EAGAIN,
      () => {
        while (put(queue, 'x') === 0);
        return queue.send(room, 0, 1, 250.5);
      },
      () => queue.wait(MQ_SEND, 30) || -EAGAIN,
    ]) {
      const start = performance.now();
      expect(wait()).toBe(-EAGAIN);
      expect(performance.now() - start).toBeGreaterThanOrEqual(29);
    }
    expect(queue.receive(room, 0, 64, 0)).toBe(1);
    expect(queue.wait(MQ_SEND, -1)).toBe(1);
    queue.close();
  });

  it('tells an event loop, once for each arm()', async () => {
    const queue = anonymous(kind);
    const other = queue;
    const seen: (string | number)[] = [];
    const watcher = new FdWatcher(queue.watchFd(MQ_RECEIVE), () => {
      seen.push(take(queue));
      queue.arm(MQ_RECEIVE);
    });
    expect(queue.arm(MQ_RECEIVE)).toBe(0);
    watcher.start(READABLE);
    await tick(20);
    expect(seen).toEqual([]);
    for (const text of ['a', 'b', 'c']) {
      put(other, text);
      while (!seen.includes(text)) await tick(1);
    }
    // Armed when there is something already: told at once.
    put(other, 'd');
    put(other, 'e');
    while (!seen.includes('e')) await tick(1);
    expect(seen.filter((item) => item !== -EAGAIN)).toEqual(['a', 'b', 'c', 'd', 'e']);
    watcher.close();
    // And of room for sending.
    while (put(queue, 'x') === 0);
    const fd = queue.watchFd(MQ_SEND);
    const direction = kind === 'posix' ? WRITABLE : READABLE;
    expect(queue.arm(MQ_SEND)).toBe(0);
    expect(pollFd(fd, direction, 30)).toBe(0);
    take(queue);
    expect(pollFd(fd, direction, 2000)).toBe(direction);
    queue.close();
  });

  it('interrupts waits, and says whether that was news', () => {
    const queue = anonymous(kind);
    const { id } = queue;
    expect([mqInterrupt(id, MQ_RECEIVE, false), mqInterrupt(id, MQ_RECEIVE, true)]).toEqual([0, 1]);
    expect(mqInterrupt(id, MQ_RECEIVE, true)).toBe(0);
    expect(queue.receive(room, 0, 64, -1)).toBe(-ECANCELED);
    expect(queue.wait(MQ_RECEIVE, -1)).toBe(-ECANCELED);
    // The other direction, and what never waits, are not concerned.
    expect([queue.send(room, 0, 3, -1), queue.ready(MQ_RECEIVE), queue.tryReceive(room, 0, 64)]).toEqual([
      0, 1, 3,
    ]);
    expect([mqInterrupt(id, MQ_RECEIVE, false), queue.receive(room, 0, 64, 5)]).toEqual([1, -EAGAIN]);
    queue.close();
    expect([mqInterrupt(id, MQ_SEND, true), mqInterrupt(0, MQ_SEND, true)]).toEqual([-EBADF, -EBADF]);
  });

  it('leaves no descriptor behind', async () => {
    const before = fdCount();
    for (let i = 0; i < 20; i++) {
      const queue = anonymous(kind);
      queue.watchFd(MQ_SEND);
      queue.arm(MQ_RECEIVE);
      queue.wait(MQ_RECEIVE, 1);
      queue.interruptFd(MQ_SEND);
      queue.close();
    }
    await expect.poll(fdCount).toBeLessThanOrEqual(before);
  });
});

it('refuses sizes that cannot be', () => {
  for (const [messages, size] of [
    [0, 8],
    [8, 0],
    [-1, 8],
    [2 ** 50, 8],
    [8, 2 ** 50],
    [2 ** 30, 2 ** 30],
    [Number.NaN, 8],
  ] as const) {
    for (const kind of KINDS) {
      const name = uniqueName();
      expect(['EINVAL', 'EMFILE']).toContain(thrown(() => mqCreate(kind, name, messages, size, 0o600)).code);
      expect(thrown(() => mqOpen(kind, name)).code).toBe('ENOENT');
    }
  }
  expect(() => mqCreate('x' as never, 'n', 1, 8, 0o600)).toThrow(RangeError);
  expect(() => mqCreate('bipc', 'n', 1, 8, 0o1777)).toThrow(RangeError);
});

it('does not take other shared memory for a queue', () => {
  const name = uniqueName();
  shmCreate(name, 100, 0o600);
  expect(thrown(() => mqOpen('bipc', name)).code).toBe('EBADMSG');
});

it('two handles of one queue in one process are two users of it', () => {
  for (const kind of KINDS) {
    const name = uniqueName(kind);
    const a = mqCreate(kind, name, 3, 64, 0o600);
    const b = mqOpen(kind, name);
    put(a, '1');
    put(b, '2');
    expect([take(b), take(a), take(b)]).toEqual(['1', '2', -EAGAIN]);
    a.close();
    b.close();
  }
});
