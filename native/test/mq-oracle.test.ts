// Our queues under plain Boost and plain POSIX, and plain Boost's and POSIX's under ours.
import { describe, expect, it } from 'vitest';
import { mqCreate, mqOpen } from '../ts/index.js';
import { mqOracle } from './oracle/oracle.mjs';
import { bytes, uniqueName } from './support.js';

const KINDS = ['posix', 'bipc'] as const;
const room = new Uint8Array(100);

describe.each(KINDS)('a %s queue', (kind) => {
  it.each(['ours', 'theirs'])('made by one is used by the other: %s', (whose) => {
    const name = uniqueName(kind);
    if (whose === 'theirs') mqOracle(kind, 'create', name, 5, 60);
    const queue = whose === 'ours' ? mqCreate(kind, name, 5, 60, 0o600) : mqOpen(kind, name);
    expect([queue.maxMessages, queue.maxMessageSize]).toEqual([5, 60]);
    // More messages than fit at once, so that the ring of a Boost queue goes round.
    for (let round = 0; round < 4; round++) {
      for (const text of ['one', 'two', 'three']) expect(queue.trySend(bytes(text), 0, text.length)).toBe(0);
      expect(mqOracle(kind, 'drain', name)).toEqual(['one', 'two', 'three']);
      mqOracle(kind, 'send', name, 'four', 'five', 'x'.repeat(60));
      const got = [0, 1, 2].map(() =>
        Buffer.from(room.subarray(0, queue.tryReceive(room, 0, 100))).toString(),
      );
      expect(got).toEqual(['four', 'five', 'x'.repeat(60)]);
    }
    queue.close();
  });

  it('gives messages of higher priority first, as a C++ program may have sent them', () => {
    const name = uniqueName(kind);
    const queue = mqCreate(kind, name, 5, 60, 0o600);
    queue.trySend(bytes('low1'), 0, 4);
    mqOracle(kind, 'send-priorities', name, 'mid', 3, 'high', 7, 'mid2', 3);
    queue.trySend(bytes('low2'), 0, 4);
    const order = [];
    for (let n = queue.tryReceive(room, 0, 100); n >= 0; n = queue.tryReceive(room, 0, 100)) {
      order.push(Buffer.from(room.subarray(0, n)).toString());
    }
    expect(order).toEqual(['high', 'mid', 'mid2', 'low1', 'low2']);
    queue.close();
  });
});

it('Boost counts the messages that we put into a queue', () => {
  const name = uniqueName();
  const queue = mqCreate('bipc', name, 7, 10, 0o600);
  for (let i = 0; i < 4; i++) queue.trySend(room, 0, i);
  expect(mqOracle('bipc', 'count', name)).toEqual(['4']);
  queue.close();
});
