// Allocation by itself, in either kind of arena; as a worker, one thread's part of several at once.
import { statSync } from 'node:fs';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { PoolArena } from '@flow-ipc/shm';
import { IpcArena } from '@flow-ipc/shm-arena-lend';

const BLOCKS = 20_000;
let count = 0;

export function arenaOf(kind) {
  const name = `flowipc_choose_${process.pid}_${++count}`;
  return kind === 'classic' ? PoolArena.create(name, { sizeMi: 4096 }) : IpcArena.create(`${name}_`);
}

/** Nanoseconds for one block of `bytes`, allocated and freed, with some hundred others alive. */
export function allocateAndFree(kind, bytes, arena = arenaOf(kind)) {
  const alive = Array.from({ length: 200 }, () => arena.allocate(bytes));
  const start = process.hrtime.bigint();
  for (let i = 0; i < BLOCKS; i++) {
    arena.free(alive[i % 200]);
    alive[i % 200] = arena.allocate(bytes);
  }
  const ns = Number(process.hrtime.bigint() - start) / BLOCKS;
  arena.freeMany(Float64Array.from(alive));
  if (isMainThread) arena.close();
  return ns;
}

/** Bytes that the kernel holds for an arena's pools. */
function taken(kind, arena) {
  const names = kind === 'classic' ? [arena.name] : arena.pools.map(({ name }) => name);
  return names.reduce((sum, name) => sum + statSync(`/dev/shm/${name}`).blocks * 512, 0);
}

/** At the end of mixed sizes. */
const IN_USE = 60e6;

/** Mixed sizes for so many milliseconds: memory taken per byte in use, and what is left when all is freed. */
export function fragment(kind, ms) {
  const arena = arenaOf(kind);
  let seed = 5;
  const random = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const blocks = [];
  let used = 0;
  const step = (target) => {
    if (used < target) {
      const bytes = Math.floor(2 ** (4 + random() * 14));
      const address = arena.allocate(bytes);
      new Uint8Array(arena.view(address, bytes)).fill(1);
      blocks.push([address, bytes]);
      used += bytes;
    } else {
      const at = Math.floor(random() * blocks.length);
      const [address, bytes] = blocks[at];
      blocks[at] = blocks.at(-1);
      blocks.pop();
      arena.free(address);
      used -= bytes;
    }
  };
  const until = performance.now() + ms;
  while (performance.now() < until) {
    // Up and down between 20 and 100 MB, so that what is long-lived comes to lie between what is not.
    const target = 20e6 + 80e6 * random();
    for (let i = 0; i < 2000; i++) step(target);
  }
  // What is in use in the end is not for chance to say.
  const above = used > IN_USE;
  while (used > IN_USE === above) step(IN_USE);
  if (kind === 'jemalloc') arena.trim();
  const factor = taken(kind, arena) / used;
  arena.freeMany(Float64Array.from(blocks, ([address]) => address));
  if (kind === 'jemalloc') arena.trim();
  const left = taken(kind, arena);
  arena.close();
  return { factor, left };
}

if (!isMainThread) {
  const { kind, pool } = workerData;
  const arena = pool ? PoolArena.open(pool) : arenaOf(kind);
  parentPort.postMessage(allocateAndFree(kind, 64, arena));
  arena.close();
}
