// Pings by a thread of the process: between frames only, while this thread is busy, and never after the end.
import { afterEach, expect, it } from 'vitest';
import { closeFd, recv, send, setSocketBuffers, socketPair, startPinging, stopPinging } from '../ts/index.js';

const PING = 0xabcd;
const open = new Set<number>();
afterEach(() => {
  for (const fd of open) closeFd(fd);
  open.clear();
});

function pair(): [number, number] {
  const fds = socketPair();
  for (const fd of fds) open.add(fd);
  return fds;
}

function close(fd: number): void {
  open.delete(fd);
  closeFd(fd);
}

/** Keeps this thread, its event loop and all, from doing anything. */
const block = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const sendAll = (fd: number, bytes: Uint8Array) => send(fd, bytes, 0, bytes.length, null, 0, 0, -1);

/** All that is there now. */
function received(fd: number): number[] {
  const all: number[] = [];
  const buffer = new Uint8Array(65536);
  for (let n = recv(fd, buffer, 0, buffer.length); n > 0; n = recv(fd, buffer, 0, buffer.length))
    all.push(...buffer.subarray(0, n));
  return all;
}

/** So many pings; Infinity when something else is there. */
function pings(bytes: number[]): number {
  const whole = bytes.every((byte, i) => byte === (i % 2 ? PING >> 8 : PING & 0xff));
  return whole && bytes.length % 2 === 0 ? bytes.length / 2 : Number.POSITIVE_INFINITY;
}

it('come while this thread is blocked, from the first send on', () => {
  const [a, b] = pair();
  expect(startPinging(a, 10, PING)).toBe(true);
  expect(startPinging(a, 10, PING)).toBe(false);
  block(80);
  expect(received(b)).toEqual([]);
  sendAll(a, Uint8Array.of(0, 0));
  block(300);
  const bytes = received(b);
  expect(bytes.splice(0, 2)).toEqual([0, 0]);
  expect(pings(bytes)).toBeGreaterThanOrEqual(2);
  expect(pings(bytes)).toBeLessThan(Number.POSITIVE_INFINITY);
  stopPinging(a);
  received(b);
  block(60);
  expect(received(b)).toEqual([]);
  stopPinging(a);
});

it('are not needed while there is traffic', () => {
  const [a, b] = pair();
  startPinging(a, 400, PING);
  let sent = 0;
  let longest = 0;
  let last = performance.now();
  for (const end = last + 1000; last < end; sent++) {
    sendAll(a, Uint8Array.of(1));
    block(10);
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  // A machine that let us wait for that long has earned its ping.
  if (longest < 400) expect(received(b)).toEqual(new Array(sent).fill(1));
});

it('never come in the midst of a frame', () => {
  const [a, b] = pair();
  setSocketBuffers(a, 8192, 8192);
  setSocketBuffers(b, 8192, 8192);
  startPinging(a, 5, PING);
  sendAll(a, Uint8Array.of(1));
  const frame = new Uint8Array(200_000).fill(7);
  let at = sendAll(a, frame);
  expect(at).toBeLessThan(frame.length);
  const got = received(b);
  // The rest of the frame has to wait: until then there is room, and silence.
  block(100);
  expect(received(b)).toEqual([]);
  while (at < frame.length) {
    const n = send(a, frame, at, frame.length - at, null, 0, 0, -1);
    if (n > 0) at += n;
    else got.push(...received(b));
  }
  block(200);
  got.push(...received(b));
  expect(got.slice(0, 1)).toEqual([1]);
  expect(got.slice(1, 1 + frame.length).every((byte) => byte === 7)).toBe(true);
  expect(pings(got.slice(1 + frame.length))).toBeGreaterThanOrEqual(1);
  expect(pings(got.slice(1 + frame.length))).toBeLessThan(Number.POSITIVE_INFINITY);
});

it('do not go to who gets the number of a descriptor that was closed', () => {
  for (let i = 0; i < 50; i++) {
    const [a, b] = pair();
    startPinging(a, 1, PING);
    sendAll(a, Uint8Array.of(1));
    block(i % 5);
    close(a);
    const [c, d] = pair();
    expect([c, d]).toContain(a);
    block(6);
    expect([received(c), received(d)]).toEqual([[], []]);
    for (const fd of [b, c, d]) close(fd);
  }
});

it('a peer that is gone, or reads nothing, does no harm', () => {
  const [a, b] = pair();
  startPinging(a, 1, PING);
  sendAll(a, Uint8Array.of(1));
  close(b);
  block(20);
  const [c, d] = pair();
  setSocketBuffers(c, 4096, 4096);
  startPinging(c, 1, PING);
  sendAll(c, Uint8Array.of(1));
  block(500);
  const [first, ...rest] = received(d);
  expect(first).toBe(1);
  expect(pings(rest)).toBeLessThan(Number.POSITIVE_INFINITY);
});

it('wrong arguments are told', () => {
  const [a] = pair();
  expect(() => startPinging(a, 0, PING)).toThrow(RangeError);
  expect(() => startPinging(a, Number.NaN, PING)).toThrow(TypeError);
  expect(() => startPinging(a, 1, 65536)).toThrow(RangeError);
  expect(() => startPinging(-1, 1, PING)).toThrow(RangeError);
  expect(startPinging(a, Number.POSITIVE_INFINITY, PING)).toBe(true);
});
