// FdWatcher: libuv readiness for one descriptor.
import { AsyncLocalStorage } from 'node:async_hooks';
import { closeSync, openSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { closeFd, FdWatcher, READABLE, recv, send, socketPair, WRITABLE } from '../ts/index.js';
import { fdCount, thrown, tick } from './support.js';

let a: number;
let b: number;
let before: number;
let watcher: FdWatcher | undefined;
const buf = new Uint8Array(64);
const poke = () => send(a, buf, 0, 1, null, 0, 0, -1);

beforeEach(() => {
  before = fdCount();
  [a, b] = socketPair();
});
afterEach(async () => {
  watcher?.close();
  watcher = undefined;
  await tick();
  for (const fd of [a, b]) if (fd >= 0) closeFd(fd);
  expect(fdCount()).toBe(before);
});

/** The next `count` reports of a watcher on b. */
function reports(events: number, count: number, each: (ready: number) => void): Promise<number[]> {
  return new Promise((resolve) => {
    const seen: number[] = [];
    watcher = new FdWatcher(b, (ready) => {
      seen.push(ready);
      each(ready);
      if (seen.length === count) resolve(seen);
    });
    watcher.start(events);
  });
}

describe('readiness', () => {
  it('reports readable until it is read: level-triggered', async () => {
    poke();
    let rounds = 0;
    const seen = await reports(READABLE, 3, () => {
      if (++rounds === 3) recv(b, buf, 0, 64);
    });
    expect(seen).toEqual([READABLE, READABLE, READABLE]);
    await tick(20);
    expect(rounds).toBe(3);
  });

  it('reports writable, and both', async () => {
    expect(await reports(WRITABLE, 1, () => watcher!.close())).toEqual([WRITABLE]);
    poke();
    expect(await reports(READABLE | WRITABLE, 1, () => watcher!.close())).toEqual([READABLE | WRITABLE]);
  });

  it('stops with 0, goes on with bits, and never reports what was not asked', async () => {
    const seen: number[] = [];
    watcher = new FdWatcher(b, (ready) => {
      seen.push(ready);
      recv(b, buf, 0, 64);
    });
    poke();
    await tick(10);
    expect(seen).toEqual([]);
    watcher.start(READABLE);
    watcher.start(READABLE);
    await tick(10);
    expect(seen).toEqual([READABLE]);
    watcher.start(0);
    poke();
    await tick(10);
    expect(seen).toEqual([READABLE]);
    watcher.start(READABLE);
    await tick(10);
    expect(seen).toEqual([READABLE, READABLE]);
  });

  it('reports a hang-up as every bit asked, whoever closed with bytes unread', async () => {
    closeFd(a);
    a = -1;
    expect(await reports(READABLE, 1, () => watcher!.close())).toEqual([READABLE]);
    expect(await reports(WRITABLE, 1, () => watcher!.close())).toEqual([WRITABLE]);
  });

  it('goes on after a reset (POLLERR), which makes libuv stop', async () => {
    send(b, buf, 0, 8, null, 0, 0, -1);
    closeFd(a); // with 8 bytes unread: ECONNRESET at b
    a = -1;
    const results: number[] = [];
    const seen = await reports(READABLE | WRITABLE, 3, () => {
      results.push(recv(b, buf, 0, 64));
      if (results.length === 3) watcher!.close();
    });
    expect(seen[0]).toBe(READABLE | WRITABLE);
    expect(results[0]).toBeLessThan(0);
    expect(results.slice(1)).toEqual([0, 0]);
  });
});

describe('callbacks', () => {
  it('may close the watcher, from which nothing more comes', async () => {
    poke();
    let calls = 0;
    watcher = new FdWatcher(b, () => {
      calls++;
      watcher!.close();
      watcher!.close();
    });
    watcher.start(READABLE);
    await tick(20);
    expect(calls).toBe(1);
    expect(() => watcher!.start(READABLE)).toThrow(TypeError);
    watcher.ref();
    watcher.unref();
  });

  it('may close the descriptor after the watcher and watch its successor', async () => {
    for (let i = 0; i < 50; i++) {
      poke();
      await reports(READABLE, 1, () => watcher!.close());
      closeFd(a);
      closeFd(b);
      [a, b] = socketPair();
    }
  });

  it('turn exceptions into uncaughtException and go on', async () => {
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const caught: unknown[] = [];
    process.on('uncaughtException', (error) => caught.push(error));
    try {
      poke();
      let calls = 0;
      await new Promise<void>((resolve) => {
        watcher = new FdWatcher(b, () => {
          if (++calls === 2) {
            watcher!.close();
            resolve();
          }
          throw new Error(`from callback ${calls}`);
        });
        watcher.start(READABLE);
      });
      await tick(5);
      expect(caught.map((error) => (error as Error).message)).toEqual(['from callback 1', 'from callback 2']);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of others) process.on('uncaughtException', listener);
    }
  });

  it('are async entry points: microtasks and ticks run after each, context is kept', async () => {
    const storage = new AsyncLocalStorage<string>();
    const order: string[] = [];
    poke();
    await new Promise<void>((resolve) => {
      storage.run('ctx', () => {
        watcher = new FdWatcher(b, () => {
          order.push(`call ${storage.getStore()}`);
          process.nextTick(() => order.push('tick'));
          Promise.resolve().then(() => order.push('microtask'));
          if (order.length > 3) {
            watcher!.close();
            resolve();
          }
        });
        watcher.start(READABLE);
      });
    });
    expect(order.slice(0, 4)).toEqual(['call ctx', 'tick', 'microtask', 'call ctx']);
  });
});

describe('misuse', () => {
  it('is told apart from what the kernel refuses', () => {
    expect(() => new FdWatcher(-1, () => {})).toThrow(RangeError);
    expect(() => new FdWatcher(b, 5 as never)).toThrow(TypeError);
    expect(() => (FdWatcher as unknown as () => void)()).toThrow(TypeError);
    expect(thrown(() => new FdWatcher(999_999, () => {})).code).toBe('EBADF');
    const file = openSync(import.meta.filename, 'r');
    expect(thrown(() => new FdWatcher(file, () => {})).code).toBe('EPERM');
    closeSync(file);
    watcher = new FdWatcher(b, () => {});
    watcher.start(READABLE);
    const second = new FdWatcher(a, () => {});
    expect(() => second.start(4)).toThrow(RangeError);
    expect(() => FdWatcher.prototype.start.call({}, 1)).toThrow(TypeError);
    second.close();
  });
});
