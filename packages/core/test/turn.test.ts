// The end of a turn: by its microtask, or by hand.
import { describe, expect, it } from 'vitest';
import { endOfTurn, endTurn } from '../src/event-loop/turn.js';

const run = (log: string[], name: string) => () => void log.push(name);

describe('turns', () => {
  it('end at the first microtask, once, in order', async () => {
    const log: string[] = [];
    endOfTurn(run(log, 'a'));
    endOfTurn(run(log, 'b'));
    expect(log).toEqual([]);
    await Promise.resolve();
    expect(log).toEqual(['a', 'b']);
    await Promise.resolve();
    expect(log).toEqual(['a', 'b']);
  });

  it('may be ended by hand, any number of times before that', async () => {
    const log: string[] = [];
    for (const name of ['a', 'b', 'c']) {
      endOfTurn(run(log, name));
      endTurn();
    }
    expect(log).toEqual(['a', 'b', 'c']);
    endOfTurn(run(log, 'd'));
    expect(log).toHaveLength(3);
    await Promise.resolve();
    expect(log).toEqual(['a', 'b', 'c', 'd']);
    endOfTurn(run(log, 'e'));
    await Promise.resolve();
    expect(log.at(-1)).toBe('e');
  });

  it('leave what a task asks for to the next turn, unless it ends that itself', async () => {
    const log: string[] = [];
    endOfTurn(() => {
      log.push('a');
      endOfTurn(run(log, 'c'));
    });
    endOfTurn(() => {
      endTurn();
      log.push('b');
      endOfTurn(run(log, 'd'));
    });
    endTurn();
    expect(log).toEqual(['a', 'c', 'b']);
    await Promise.resolve();
    expect(log).toEqual(['a', 'c', 'b', 'd']);
  });
});
