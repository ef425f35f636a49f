// What is thrown behind a task, or by Node's event loop where no task comes.
import { expect, it } from 'vitest';
import { throwLater, throwNow } from '../src/event-loop/throw-later.js';
import { EpollEventLoop, EventWaitLoop } from '../src/sync-io/index.js';

it('is thrown once, one error at a time, whatever it is', async () => {
  throwLater(undefined);
  throwLater(new Error('second'));
  let caught = 0;
  try {
    throwNow();
  } catch (err) {
    expect(err).toBeUndefined();
    caught++;
  }
  expect(caught).toBe(1);
  expect(throwNow).toThrow('second');
  throwNow();
  // Node's event loop finds nothing any more.
  await new Promise(setImmediate);
});

it('comes out of an EpollEventLoop, behind all that was ready', () => {
  using loop = new EpollEventLoop();
  const log: string[] = [];
  for (const name of ['a', 'b']) {
    loop
      .timer(() => {
        throwLater(new Error(name));
        log.push(name);
      })
      .start(0);
  }
  expect(() => loop.runOnce()).toThrow('a');
  expect(log).toEqual(['a', 'b']);
  expect(() => loop.runOnce(0)).toThrow('b');
  expect(loop.runOnce(0)).toBe(0);
});

it('comes out of the tasks that an event-wait function is given', () => {
  const tasks: (() => void)[] = [];
  const loop = new EventWaitLoop();
  loop.start('rcv', (_handle, _direction, task) => void tasks.push(task));
  const fail = () => throwLater(new Error('mine'));
  const watch = loop.watch(0);
  watch.wait('rcv', fail);
  loop.timer(fail, 'rcv').start(0);
  expect(tasks).toHaveLength(2);
  for (const task of tasks) expect(task).toThrow('mine');
  watch.close();
  loop.close();
});
