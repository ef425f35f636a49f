// Types and values made up at random: what goes in comes out, in another mapping as well, and all memory comes back.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PoolArena } from '../../src/index.js';
import { anySample, newPool } from './support.js';

it('gives back what went in, seen from elsewhere, replaced, and read-only', () => {
  const pool = newPool();
  const other = PoolArena.open(pool.name);
  const reader = PoolArena.open(pool.name, { readOnly: true });
  const free = pool.freeBytes;
  const cases = anySample(3).chain(({ type, value }) => fc.tuple(fc.constant(type), value, value));
  fc.assert(
    fc.property(cases, ([type, first, second]) => {
      const object = pool.construct(type, first);
      expect(object.toJS()).toEqual(first);
      const borrowed = other.borrow(type, object.lend());
      expect(borrowed.toJS()).toEqual(first);
      // Replacing frees what was there. A struct within keeps nothing of it.
      borrowed.set(second);
      expect(object.toJS()).toEqual(second);
      using seen = reader.borrow(type, object.handle);
      expect(seen.toJS()).toEqual(second);
      object.release();
      expect(borrowed.toJS()).toEqual(second);
      borrowed.release();
      expect(pool.freeBytes).toBe(free);
    }),
    { numRuns: process.env.FLOW_IPC_LONG ? 20_000 : 500 },
  );
  other.close();
  reader.close();
});

it('leaves nothing behind when memory runs out, wherever that is', () => {
  const cases = anySample(3).chain(({ type, value }) => fc.tuple(fc.constant(type), value, fc.nat(3000)));
  fc.assert(
    fc.property(cases, ([type, value, room]) => {
      const pool = newPool(1);
      // All but a little of it is taken.
      const rest = pool.stats().largestFree;
      pool.allocate(Math.max(1, rest - room));
      const free = pool.freeBytes;
      try {
        pool.construct(type, value).release();
      } catch (err) {
        expect(err).toMatchObject({ code: 'ERR_FLOW_IPC_SHM_OUT_OF_MEMORY' });
      }
      expect(pool.freeBytes).toBe(free);
      pool.close();
    }),
    { numRuns: process.env.FLOW_IPC_LONG ? 10_000 : 150 },
  );
});
