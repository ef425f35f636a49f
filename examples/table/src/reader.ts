// Follows the table as it grows, and says at the end what it saw: the volume, and the mean of all prices.
import { PoolArena } from '@flow-ipc/shm';
import { Trades } from './table.js';

const [name, handle, number] = process.argv.slice(2);
using arena = PoolArena.open(name!);
using trades = arena.borrow(Trades, Buffer.from(handle!, 'hex'));
const { lock, changed, bySymbol } = trades.value;

const seen = new Map<string, number>();
let [sum, count, looks] = [0, 0, 0];
let held = lock.lock();
trades.value.readers++;
changed.notifyAll();
for (;;) {
  looks++;
  for (const [symbol, { prices }] of bySymbol) {
    // What was added since the last look, read where the writer wrote it.
    const fresh = prices.view().subarray(seen.get(symbol) ?? 0);
    for (const price of fresh) sum += price;
    count += fresh.length;
    seen.set(symbol, prices.length);
  }
  if (trades.value.closed) break;
  held = changed.wait(lock, held);
}
let volume = 0n;
for (const row of bySymbol.values()) volume += row.volume;
held.unlock();
console.log(
  `reader ${number}: ${count} trades, volume ${volume}, mean ${(sum / count).toFixed(3)}, in ${looks > 1 ? 'many looks' : 'one look'}`,
);
