// Descriptors of any kind: flags, what a socket is, replacing one by another, ownership.
import { closeSync, fstatSync, openSync, readlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { constants } from 'node:os';
import { expect, it } from 'vitest';
import {
  closeFd,
  connectAbstract,
  disownFd,
  dupFd,
  fdFlags,
  listenAbstract,
  ownFd,
  replaceFd,
  setNonBlocking,
  socketInfo,
  socketPair,
} from '../ts/index.js';
import { fdCount, thrown, uniqueName } from './support.js';

const O_NONBLOCK = 0o4000;
const isClosed = { errno: constants.errno.EBADF };

it('sets and clears the non-blocking flag, for every descriptor of the open file', () => {
  const [a, b] = socketPair();
  const twin = dupFd(a);
  expect(fdFlags(twin) & O_NONBLOCK).toBe(0);
  setNonBlocking(a, true);
  setNonBlocking(a, true);
  expect(fdFlags(twin) & O_NONBLOCK).toBe(O_NONBLOCK);
  expect(fdFlags(b) & O_NONBLOCK).toBe(0);
  setNonBlocking(twin, false);
  expect(fdFlags(a) & O_NONBLOCK).toBe(0);
  for (const fd of [a, b, twin]) closeFd(fd);
  expect(thrown(() => fdFlags(a))).toMatchObject({ ...isClosed, syscall: 'fcntl' });
  expect(thrown(() => setNonBlocking(a, true))).toMatchObject({ ...isClosed, syscall: 'fcntl' });
});

it('tells the access mode', () => {
  for (const [flag, mode] of [
    ['r', 0],
    ['a', 1],
    ['r+', 2],
  ] as const) {
    const fd = openSync('/dev/null', flag);
    expect(fdFlags(fd) & 3).toBe(mode);
    closeSync(fd);
  }
});

it('tells what a socket is', async () => {
  const name = uniqueName();
  const listener = listenAbstract(name, 1);
  const client = connectAbstract(name);
  expect(socketInfo(listener)).toEqual({ domain: 1, type: 1, listening: true, connected: false });
  expect(socketInfo(client)).toEqual({ domain: 1, type: 1, listening: false, connected: true });
  for (const fd of [listener, client]) closeFd(fd);

  const server: Server = await new Promise((resolve) => {
    const made = createServer().listen(0, '127.0.0.1', () => resolve(made));
  });
  const fdOf = (object: object) => (object as { _handle: { fd: number } })._handle.fd;
  expect(socketInfo(fdOf(server))).toEqual({ domain: 2, type: 1, listening: true, connected: false });
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
  await new Promise((resolve) => socket.on('connect', resolve));
  expect(socketInfo(fdOf(socket))).toEqual({ domain: 2, type: 1, listening: false, connected: true });
  socket.destroy();
  server.close();

  const file = openSync('/dev/null', 'r');
  expect(thrown(() => socketInfo(file))).toMatchObject({ code: 'ENOTSOCK', syscall: 'getsockopt' });
  closeSync(file);
});

it('puts one descriptor in the place of another', () => {
  const before = fdCount();
  const file = openSync('/proc/self/status', 'r');
  const target = openSync('/dev/null', 'r');
  replaceFd(file, target);
  expect(readlinkSync(`/proc/self/fd/${target}`)).toMatch(/status$/);
  expect(fstatSync(file).ino).toBe(fstatSync(target).ino);
  closeSync(file);
  closeSync(target);
  expect(thrown(() => replaceFd(file, target))).toMatchObject({ ...isClosed, syscall: 'dup3' });
  expect(fdCount()).toBe(before);
});

it('knows which descriptors are owned', () => {
  const fd = openSync('/dev/null', 'r');
  expect(disownFd(fd)).toBe(false);
  ownFd(fd);
  ownFd(fd);
  expect(disownFd(fd)).toBe(true);
  expect(disownFd(fd)).toBe(false);
  closeSync(fd);
  expect(thrown(() => ownFd(fd))).toMatchObject(isClosed);
  expect(disownFd(2 ** 31 - 1)).toBe(false);
  for (const wrong of [-1, 2 ** 31, Number.NaN]) expect(() => ownFd(wrong)).toThrow(RangeError);
  expect(() => ownFd('3' as unknown as number)).toThrow(TypeError);
});
