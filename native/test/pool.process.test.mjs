// One pool in several processes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { poolCreate } from '../dist/index.js';
import { oracle } from './oracle/oracle.mjs';
import { node, uniqueName } from './process-support.mjs';

test('a list crosses into another process and an answer comes back', async () => {
  const pool = poolCreate(uniqueName(), 1 << 20, 0o600);
  const free = pool.freeBytes();
  const list = pool.listCreate();
  new Uint8Array(pool.listGrow(list, 4096)).fill(5);
  assert.equal(pool.listLend(list, [1000]), 0);
  const { stdout, stderr } = await node(
    `const pool = native.poolOpen(args[0]);
     const views = pool.listBorrow(args[1], 1);
     let sum = 0;
     for (const byte of new Uint8Array(views[0])) sum += byte;
     const left = pool.listRelease(args[1], views);
     const answer = pool.listStore(new Uint8Array(new Uint32Array([sum, left]).buffer), 0, 8);
     console.log(answer);`,
    [pool.name, list],
  ).exited;
  const answer = new Uint8Array(8);
  assert.equal(pool.listTake(Number(stdout), answer), 8, stderr);
  assert.deepEqual([...new Uint32Array(answer.buffer)], [5000, 1]);
  assert.equal(pool.listRelease(list, []), 0);
  assert.equal(pool.freeBytes(), free);
});

test('three processes allocate, check and free at the same time, and C++ finds the pool sane', async () => {
  const pool = poolCreate(uniqueName(), 8 << 20, 0o600);
  const free = pool.freeBytes();
  const code = `
    const pool = native.poolOpen(args[0]);
    const live = [];
    let seed = args[1];
    const next = (n) => { seed = (seed * 1103515245 + 12345) & 0x7fffffff; return seed % n; };
    for (let i = 0; i < 20000; i++) {
      if (live.length > 50 || (live.length > 0 && next(2) === 0)) {
        const [offset, size] = live.splice(next(live.length), 1)[0];
        const view = new Uint8Array(pool.view(offset, size));
        if (view[0] !== args[1] || view[size - 1] !== args[1]) throw new Error('foreign bytes in my block');
        if (pool.free(offset) !== 0) throw new Error('free');
      } else {
        const size = 1 + next(3000);
        const offset = pool.allocate(size);
        if (offset < 0) throw new Error('allocate ' + offset);
        new Uint8Array(pool.view(offset, size)).fill(args[1]);
        live.push([offset, size]);
      }
    }
    for (const [offset] of live) if (pool.free(offset) !== 0) throw new Error('free');
    console.log('done');`;
  const runs = [1, 2, 3].map((id) => node(code, [pool.name, id]).exited);
  for (const { stdout, stderr } of await Promise.all(runs)) assert.equal(stdout, 'done', stderr);
  assert.equal(pool.freeBytes(), free);
  assert.deepEqual(oracle('sanity', pool.name), ['1', String(free)]);
});

test('owners are counted right when processes release at the same time', async () => {
  const pool = poolCreate(uniqueName(), 1 << 20, 0o600);
  const free = pool.freeBytes();
  const list = pool.listStore(new Uint8Array(10), 0, 10);
  for (let i = 0; i < 3 * 5000 - 1; i++) assert.equal(pool.listLend(list, [10]), 0);
  const runs = [1, 2, 3].map(
    () =>
      node(
        `const pool = native.poolOpen(args[0]);
         let zero = 0;
         for (let i = 0; i < 5000; i++) { const left = pool.listRelease(args[1], []); if (left < 0) throw new Error(left); if (left === 0) zero++; }
         console.log(zero);`,
        [pool.name, list],
      ).exited,
  );
  const ended = await Promise.all(runs);
  for (const { stdout, stderr } of ended) assert.notEqual(stdout, '', stderr);
  const zeros = ended.map(({ stdout }) => Number(stdout));
  assert.equal(zeros[0] + zeros[1] + zeros[2], 1);
  assert.equal(pool.freeBytes(), free);
});
