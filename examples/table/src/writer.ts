// Fills a table of trades in shared memory while three readers follow it: `node dist/writer.js [trades]`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PoolArena } from '@flow-ipc/shm';
import { Trades } from './table.js';

const SYMBOLS = ['AAA', 'BBB', 'CCC', 'DDD', 'EEE'];
const BATCH = 100;
const total = Number(process.argv[2] ?? 100_000);

using arena = PoolArena.create(`table_example_${process.pid}`, { sizeMi: 256 });
using trades = arena.construct(Trades);
const { lock, changed, bySymbol } = trades.value;

const readers = [1, 2, 3].map((number) => {
  const handle = Buffer.from(trades.lend()).toString('hex');
  const program = new URL('./reader.js', import.meta.url).pathname;
  return spawn(process.execPath, [program, arena.name, handle, String(number)], { stdio: 'inherit' });
});
const ended = readers.map((reader) => once(reader, 'exit'));

let held = await lock.lockAsync();
while (trades.value.readers < readers.length) held = await changed.waitAsync(lock, held);
held.unlock();

for (let done = 0; done < total; ) {
  {
    using _held = await lock.lockAsync();
    for (let i = 0; i < BATCH && done < total; i++, done++) {
      const trade = bySymbol.getOrAdd(SYMBOLS[done % SYMBOLS.length]!);
      trade.prices.push(100 + (done % 7));
      trade.volume += BigInt(1 + (done % 10));
      trade.last = 100 + (done % 7);
    }
  }
  changed.notifyAll();
}
{
  using _held = await lock.lockAsync();
  trades.value.closed = true;
}
changed.notifyAll();

for (const [status] of await Promise.all(ended)) if (status !== 0) process.exitCode = 1;
const { bySymbol: all } = trades.toJS();
let volume = 0n;
for (const [symbol, row] of all) {
  console.log(`${symbol}: ${row.prices.length} trades, volume ${row.volume}, last ${row.last}`);
  volume += row.volume;
}
console.log(`volume ${volume}`);
