// The other process: looks up keys and sums numbers that it did not write.
import { PoolArena } from '@flow-ipc/shm';
import { open } from 'lmdb';
import { compare } from './measure.js';
import { Floats, HandMadeTable, keyOf, Scores } from './shared.js';

const [name, scoresHandle, numbersHandle, folder, keys, rounds] = process.argv.slice(2) as string[];
using arena = PoolArena.open(name!);
using scores = arena.borrow(Scores, Buffer.from(scoresHandle!, 'hex'));
using numbers = arena.borrow(Floats, Buffer.from(numbersHandle!, 'hex'));
const database = open<number, string>({ path: folder!, readOnly: true });
const table = new HandMadeTable(Number(keys));
for (let i = 0; i < Number(keys); i++) table.set(keyOf(i), i);

// Keys at random, ready beforehand and flat, so that only looking up is measured.
const wanted = Array.from({ length: 100_000 }, () => {
  const key = keyOf(Math.floor(Math.random() * Number(keys)));
  return Buffer.from(key).toString();
});
function lookUp(get: (key: string) => number | undefined) {
  return (times: number) => {
    for (let i = 0; i < times; i++) {
      if (get(wanted[i % wanted.length]!) === undefined) throw new Error('a key is missing');
    }
  };
}
const map = scores.value;
compare(`look up one of ${keys} keys that another process wrote`, Number(rounds), 100_000, [
  { name: 'map in shared memory', run: lookUp((key) => map.get(key)) },
  { name: 'hand-made table in a SharedArrayBuffer, one process', run: lookUp((key) => table.get(key)) },
  { name: 'lmdb', run: lookUp((key) => database.get(key)) },
]);

const shared = numbers.value.view();
const own = new Float64Array(shared.length);
const sum = (all: Float64Array) => {
  let total = 0;
  for (let i = 0; i < all.length; i++) total += all[i]!;
  return total;
};
own.set(shared);
if (sum(own) !== sum(shared)) throw new Error('the sums differ');
compare(`sum ${shared.length} numbers that another process wrote`, Number(rounds), 1, [
  { name: 'vector in shared memory, no copy', run: () => void sum(shared) },
  { name: 'Float64Array of this process', run: () => void sum(own) },
  { name: 'copied first', run: () => void sum(shared.slice()) },
]);
await database.close();
