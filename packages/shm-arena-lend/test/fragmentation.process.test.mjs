// Mixed sizes come and go: 3 s of it, an hour in the long run, compared with SHM-classic; and memory goes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IpcArena } from '@flow-ipc/shm-arena-lend';
import { fragment } from '../../../benchmarks/choosing-shm/src/allocate.mjs';
import { pools, size, sleep } from './processes.mjs';

const MS = size(3000, 3_600_000 / 2);

test('fragmentation stays below that of SHM-classic', { timeout: 3 * MS + 60_000 }, (t) => {
  const jemalloc = fragment('jemalloc', MS);
  const classic = fragment('classic', MS);
  t.diagnostic(JSON.stringify({ jemalloc, classic }));
  assert.ok(jemalloc.factor < Math.max(1.5, classic.factor));
  assert.equal(jemalloc.left, 0);
});

test('an arena that nobody uses any more gives its memory back by itself', { timeout: 60_000 }, async () => {
  const name = `lend${process.pid}i`;
  const arena = IpcArena.create(`flowipc_test_${name}_`);
  const blocks = arena.allocateMany(1000, 20_000);
  assert.ok(arena.stats.mapped > 20_000_000);
  arena.freeMany(blocks);
  assert.ok(arena.stats.dirty > 10_000_000, 'kept for a while, for whoever allocates next');
  for (let i = 0; i < 400 && arena.stats.pools > 0; i++) await sleep(100);
  assert.deepEqual(pools(name), []);
  assert.equal(arena.stats.resident < 1_000_000, true);
  arena.close();
});
