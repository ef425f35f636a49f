// Timers that are descriptors, and polling several descriptors at once.
import { constants } from 'node:os';
import { expect, it } from 'vitest';
import {
  closeFd,
  pollFd,
  pollFds,
  READABLE,
  recv,
  send,
  setSocketBuffers,
  socketPair,
  timerFd,
  timerFdSet,
  WRITABLE,
} from '../ts/index.js';
import { fdCount } from './support.js';

it('a timer becomes readable when its time has come, and not before', () => {
  const before = fdCount();
  const fd = timerFd();
  expect(pollFd(fd, READABLE, 0)).toBe(0);
  const start = performance.now();
  timerFdSet(fd, 30);
  expect(pollFd(fd, READABLE, 5000)).toBe(READABLE);
  expect(performance.now() - start).toBeGreaterThan(29);
  expect(pollFd(fd, READABLE, 0)).toBe(READABLE);
  timerFdSet(fd, 60_000); // takes the expiry back
  expect(pollFd(fd, READABLE, 0)).toBe(0);
  timerFdSet(fd, 0);
  expect(pollFd(fd, READABLE, 5000)).toBe(READABLE);
  timerFdSet(fd, -1);
  expect(pollFd(fd, READABLE, 5)).toBe(0);
  expect(() => timerFdSet(fd, Number.NaN)).toThrow(TypeError);
  closeFd(fd);
  expect(() => timerFdSet(fd, 1)).toThrow(/EBADF/);
  expect(fdCount()).toBe(before);
});

it('polls several descriptors at once', () => {
  const [a, b] = socketPair();
  const timer = timerFd();
  const set = Int32Array.of(a, READABLE | WRITABLE, 0, b, READABLE, 0, timer, READABLE, 0, 12_345, 0, 9);
  const ready = () => [set[2], set[5], set[8], set[11]];
  expect(pollFds(set, 1000)).toBe(1);
  expect(ready()).toEqual([WRITABLE, 0, 0, 0]);
  set[1] = READABLE;
  expect(pollFds(set, 5)).toBe(0);
  expect(ready()).toEqual([0, 0, 0, 0]);
  timerFdSet(timer, 1);
  expect(pollFds(set, 5000)).toBe(1);
  expect(ready()).toEqual([0, 0, READABLE, 0]);
  send(a, Uint8Array.of(1), 0, 1, null, 0, 0, -1);
  expect(pollFds(set, 5000)).toBe(2);
  expect(ready()).toEqual([0, READABLE, READABLE, 0]);
  closeFd(a);
  set[0] = -1;
  set[1] = 0;
  set[4] = WRITABLE; // a hang-up is reported as what was asked
  expect(pollFds(set, 5000)).toBe(2);
  expect(ready()).toEqual([0, WRITABLE, READABLE, 0]);
  closeFd(b);
  expect(pollFds(set, 0)).toBe(-constants.errno.EBADF);
  closeFd(timer);
  expect(() => pollFds(Int32Array.of(1, 2), 0)).toThrow(TypeError);
  expect(() => pollFds(new Int32Array(65 * 3), 0)).toThrow(TypeError);
  expect(() => pollFds(Int32Array.of(0, 4, 0), 0)).toThrow(RangeError);
});

it('a read may wait, as long as it is told', () => {
  const [a, b] = socketPair();
  const buffer = new Uint8Array(8);
  const start = performance.now();
  expect(recv(a, buffer, 0, 8, 20)).toBe(-constants.errno.EAGAIN);
  expect(performance.now() - start).toBeGreaterThan(19);
  expect(recv(a, buffer, 0, 8, 0)).toBe(-constants.errno.EAGAIN);
  send(b, Uint8Array.of(5), 0, 1, null, 0, 0, -1);
  expect(recv(a, buffer, 0, 8, -1)).toBe(1);
  closeFd(b);
  expect(recv(a, buffer, 0, 8, -1)).toBe(0);
  expect(() => recv(a, buffer, 0, 8, Number.NaN)).toThrow(TypeError);
  closeFd(a);
});

it('socket buffers can be small', () => {
  const [a, b] = socketPair();
  const take = () => {
    let total = 0;
    const block = new Uint8Array(1000);
    for (let n = 0; n >= 0; n = send(a, block, 0, block.length, null, 0, 0, -1)) total += n;
    return total;
  };
  setSocketBuffers(a, 1, 0);
  const little = take();
  const sink = new Uint8Array(1 << 20);
  while (recv(b, sink, 0, sink.length) > 0);
  setSocketBuffers(a, 100_000, 100_000);
  expect(take()).toBeGreaterThan(little * 4);
  expect(() => setSocketBuffers(a, -1, 0)).toThrow(RangeError);
  closeFd(a);
  closeFd(b);
  expect(() => setSocketBuffers(b, 1, 1)).toThrow(/EBADF/);
});
