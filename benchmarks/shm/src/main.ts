// `node dist/main.js [keys] [floats] [rounds]`: fills a map and a vector, has another process read them, and compares.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { PoolArena } from '@flow-ipc/shm';
import { open } from 'lmdb';
import { compare } from './measure.js';
import { Floats, keyOf, Scores } from './shared.js';

const [keys, floats, rounds] = [process.argv[2] ?? 1e6, process.argv[3] ?? 1e8, process.argv[4] ?? 5].map(
  Number,
);
const folder = mkdtempSync(join(tmpdir(), 'flow-ipc-bench-'));
process.once('exit', () => rmSync(folder, { recursive: true }));

using arena = PoolArena.create(`bench_shm_${process.pid}`, { sizeMi: 4096 });

// Blocks through JavaScript.
const batch = new Array(100).fill(0);
compare('allocate and free 64 bytes', rounds!, 200_000, [
  {
    name: 'one by one',
    run(times) {
      for (let i = 0; i < times; i++) arena.free(arena.allocate(64));
    },
  },
  {
    name: 'in batches of 100',
    run(times) {
      for (let i = 0; i < times; i += batch.length) arena.freeMany(arena.allocateMany(64, batch.length));
    },
  },
]);

// A table of ten thousand rows, handed over and looked at.
const rows = Math.min(10_000, keys!);
const plain = new Map(Array.from({ length: rows }, (_, i) => [keyOf(i), i]));
const { port1, port2 } = new MessageChannel();
using small = arena.construct(Scores, plain);
compare(`hand over a map of ${rows}, look up one key`, rounds!, 20, [
  {
    name: 'lend and borrow',
    run(times) {
      for (let i = 0; i < times; i++) {
        using borrowed = arena.borrow(Scores, small.lend());
        borrowed.value.get(keyOf(i));
      }
    },
  },
  {
    name: 'structured clone over a MessagePort',
    run(times) {
      for (let i = 0; i < times; i++) {
        port1.postMessage(plain);
        (receiveMessageOnPort(port2)!.message as typeof plain).get(keyOf(i));
      }
    },
  },
]);
port1.close();

// A map and a vector for the other process, and the same map in lmdb.
using scores = arena.construct(Scores);
scores.value.reserve(keys!);
const database = open<number, string>({ path: folder });
await database.transaction(() => {
  for (let i = 0; i < keys!; i++) database.put(keyOf(i), i);
});
for (let i = 0; i < keys!; i++) scores.value.set(keyOf(i), i);
await database.close();
using numbers = arena.construct(Floats);
numbers.value.resize(floats!);
numbers.value.view().forEach((_, i, all) => {
  all[i] = i % 10;
});

const handles = [scores, numbers].map((object) => Buffer.from(object.lend()).toString('hex'));
const program = new URL('./reader.js', import.meta.url).pathname;
const args = [program, arena.name, ...handles, folder, String(keys), String(rounds)];
process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit' }).status ?? 1;
