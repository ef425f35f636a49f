// Set-up calls of Unix sockets: making, connecting, asking.
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  accept,
  closeFd,
  connectAbstract,
  dupFd,
  listenAbstract,
  peerCredentials,
  socketPair,
} from '../ts/index.js';
import { fdCount, thrown, uniqueName } from './support.js';

const { EAGAIN, EBADF } = constants.errno;

describe('abstract sockets', () => {
  it('listens, connects and accepts, in that order of need', () => {
    const before = fdCount();
    const name = uniqueName();
    const listener = listenAbstract(name, 5);
    expect(accept(listener)).toBe(-EAGAIN);
    const client = connectAbstract(name);
    const server = accept(listener);
    expect(server).toBeGreaterThan(2);
    expect(accept(listener)).toBe(-EAGAIN);
    for (const fd of [listener, client, server]) closeFd(fd);
    expect(fdCount()).toBe(before);
  });

  it('refuses when nobody listens', () => {
    const before = fdCount();
    const error = thrown(() => connectAbstract(uniqueName()));
    expect(error).toMatchObject({
      code: 'ECONNREFUSED',
      syscall: 'connect',
      errno: constants.errno.ECONNREFUSED,
    });
    expect(error.message).toContain('ECONNREFUSED');
    expect(fdCount()).toBe(before);
  });

  it('says that a name is taken', () => {
    const before = fdCount();
    const name = uniqueName();
    const listener = listenAbstract(name, 5);
    expect(thrown(() => listenAbstract(name, 5))).toMatchObject({ code: 'EADDRINUSE', syscall: 'listen' });
    closeFd(listener);
    closeFd(listenAbstract(name, 5));
    expect(fdCount()).toBe(before);
  });

  it('takes 107 bytes of name and no more', () => {
    const longest = uniqueName().padEnd(107, 'n');
    closeFd(listenAbstract(longest, 1));
    expect(thrown(() => listenAbstract(`${longest}x`, 1))).toMatchObject({ code: 'ENAMETOOLONG' });
    expect(thrown(() => connectAbstract(`${longest}x`))).toMatchObject({ code: 'ENAMETOOLONG' });
    expect(thrown(() => connectAbstract(''))).toMatchObject({ code: 'EINVAL' });
  });

  it('does not block on a full backlog', () => {
    const name = uniqueName();
    const listener = listenAbstract(name, 1);
    const clients: number[] = [];
    const error = thrown(() => {
      for (let i = 0; i < 20; i++) clients.push(connectAbstract(name));
    });
    expect(error.code).toBe('EAGAIN');
    for (const fd of [listener, ...clients]) closeFd(fd);
  });
});

describe('credentials and descriptors', () => {
  it('tells who is at the other end', () => {
    const me = { pid: process.pid, uid: process.geteuid!(), gid: process.getegid!() };
    const name = uniqueName();
    const listener = listenAbstract(name, 1);
    const client = connectAbstract(name);
    const server = accept(listener);
    expect(peerCredentials(client)).toEqual(me);
    expect(peerCredentials(server)).toEqual(me);
    const [a, b] = socketPair();
    expect(peerCredentials(a)).toEqual(me);
    for (const fd of [listener, client, server, a, b]) closeFd(fd);
    expect(thrown(() => peerCredentials(a))).toMatchObject({ code: 'EBADF' });
  });

  it('duplicates and closes, and says when there is nothing to close', () => {
    const [a, b] = socketPair();
    const copy = dupFd(a);
    expect(copy).not.toBe(a);
    for (const fd of [a, b, copy]) closeFd(fd);
    expect(thrown(() => closeFd(copy))).toMatchObject({ code: 'EBADF', errno: EBADF });
    expect(thrown(() => dupFd(copy))).toMatchObject({ code: 'EBADF' });
  });

  it('rejects misuse', () => {
    expect(() => closeFd('1' as never)).toThrow(TypeError);
    expect(() => closeFd(-1)).toThrow(RangeError);
    expect(() => closeFd(2 ** 32)).toThrow(RangeError);
    expect(() => listenAbstract(1 as never, 1)).toThrow(TypeError);
    expect(() => listenAbstract(uniqueName(), -1)).toThrow(RangeError);
    expect(() => connectAbstract(undefined as never)).toThrow(TypeError);
  });
});
