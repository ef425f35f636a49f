// EpollReactor: waiting without an event loop.
import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { closeFd, EpollReactor, READABLE, recv, send, signalFd, socketPair, WRITABLE } from '../ts/index.js';
import { fdCount, tick } from './support.js';

const buf = new Uint8Array(8);
const addon = new URL('../build/Release/flow_ipc.node', import.meta.url);

describe('EpollReactor', () => {
  it('reports pairs of descriptor and bits, follows changes, forgets on 0', () => {
    const before = fdCount();
    const reactor = new EpollReactor();
    const [a, b] = socketPair();
    const [c, d] = socketPair();
    const pairs = new Int32Array(20);
    reactor.set(b, READABLE);
    expect(reactor.wait(0, pairs)).toBe(0);
    send(a, buf, 0, 1, null, 0, 0, -1);
    expect(reactor.wait(-1, pairs)).toBe(1);
    expect([...pairs.subarray(0, 2)]).toEqual([b, READABLE]);
    reactor.set(b, READABLE | WRITABLE);
    reactor.set(d, WRITABLE);
    expect(reactor.wait(-1, pairs)).toBe(2);
    const got = new Map([
      [pairs[0], pairs[1]],
      [pairs[2], pairs[3]],
    ]);
    expect(got).toEqual(
      new Map([
        [b, READABLE | WRITABLE],
        [d, WRITABLE],
      ]),
    );
    reactor.set(b, 0);
    reactor.set(b, 0);
    reactor.set(d, 0);
    expect(reactor.wait(0, pairs)).toBe(0);
    reactor.set(d, READABLE | WRITABLE);
    closeFd(c);
    expect(reactor.wait(-1, pairs)).toBe(1);
    expect(pairs[1]).toBe(READABLE | WRITABLE);
    // An array for one pair takes one at a time.
    reactor.set(b, READABLE);
    expect(reactor.wait(-1, new Int32Array(2))).toBe(1);
    for (const fd of [a, b, d]) closeFd(fd);
    expect(reactor.wait(0, pairs)).toBe(0);
    reactor.close();
    reactor.close();
    expect(fdCount()).toBe(before);
  });

  it('keeps its time, in fractions of a millisecond', () => {
    const reactor = new EpollReactor();
    const pairs = new Int32Array(2);
    const start = performance.now();
    for (let i = 0; i < 10; i++) expect(reactor.wait(0.5, pairs)).toBe(0);
    const took = performance.now() - start;
    expect(took).toBeGreaterThanOrEqual(5);
    expect(took).toBeLessThan(1000);
    reactor.close();
  });

  it('ends a wait by wake(), before or during', async () => {
    const reactor = new EpollReactor();
    const pairs = new Int32Array(2);
    reactor.wake();
    reactor.wake();
    expect(reactor.wait(-1, pairs)).toBe(0);
    expect(reactor.wait(0, pairs)).toBe(0);

    // The other thread gets the number of the wake descriptor.
    const worker = new Worker(
      `const { workerData: d } = require('node:worker_threads');
       const { signalFd } = require(d.addon);
       setTimeout(() => signalFd(d.fd), 100);`,
      {
        eval: true,
        workerData: { addon: process.env.FLOW_IPC_NATIVE_PATH ?? addon.pathname, fd: reactor.wakeFd },
      },
    );
    await new Promise((resolve) => worker.once('online', resolve));
    const start = performance.now();
    expect(reactor.wait(10_000, pairs)).toBe(0);
    expect(performance.now() - start).toBeLessThan(5000);
    await new Promise((resolve) => worker.once('exit', resolve));
    reactor.close();
    expect(reactor.wakeFd).toBe(-1);
    await tick();
  });

  it('returns or throws as told', () => {
    const reactor = new EpollReactor();
    expect(() => reactor.set(999_999, READABLE)).toThrow(/EBADF/);
    expect(() => reactor.set(0, 4)).toThrow(RangeError);
    expect(() => reactor.wait(0, new Int32Array(1))).toThrow(TypeError);
    expect(() => reactor.wait(0, new Uint8Array(8) as never)).toThrow(TypeError);
    expect(() => reactor.wait(Number.NaN, new Int32Array(2))).toThrow(TypeError);
    expect(() => reactor.set(reactor.wakeFd, READABLE)).toThrow(RangeError);
    expect(signalFd(999_999)).toBe(-constants.errno.EBADF);
    reactor.close();
    expect(reactor.wait(0, new Int32Array(2))).toBe(-constants.errno.EBADF);
    expect(() => reactor.set(0, READABLE)).toThrow(TypeError);
    expect(recv(0, buf, 0, 1)).toBeLessThan(0);
  });
});
