// How often a message over the socket stream crosses from JavaScript to C++ and back, by the streams' own counters.
// Counts do not depend on the machine's load: both ends live in this process, each on its own descriptor.
//
//   node dist/crossings.js
import { setImmediate as turn } from 'node:timers/promises';
import { NativeSocketStream } from '@flow-ipc/core';

const SIZES = [64, 4096];
const ROUND_TRIPS = 2000;
/** Messages sent in one turn of the event loop. */
const BURSTS = [1, 10, 100, 1000];
const REPEATS = 50;

const print = (bench: string, median: number, n: number) =>
  console.log(JSON.stringify({ bench, subject: 'raw-socket/async', unit: 'crossings/message', median, n }));

interface Pair {
  a: NativeSocketStream;
  b: NativeSocketStream;
  crossings(): number;
}

/** `onB` hears of each message that b gets; `received` of each that a gets. */
function makePair(onB: (b: NativeSocketStream) => void, received: () => void): Pair {
  const [a, b] = NativeSocketStream.pair().map((fd) => new NativeSocketStream(fd));
  a!.startReceive({ onMessage: received, onEnd: () => {} });
  b!.startReceive({ onMessage: () => onB(b!), onEnd: () => {} });
  return { a: a!, b: b!, crossings: () => a!.counters.crossings + b!.counters.crossings };
}

for (const size of SIZES) {
  const blob = new Uint8Array(size);
  let answers = 0;
  const { a, b, crossings } = makePair(
    (peer) => peer.send(blob),
    () => answers++,
  );
  const before = crossings();
  for (let i = 0; i < ROUND_TRIPS; i++) {
    a.send(blob);
    while (answers === i) await turn();
  }
  // There and back: two messages.
  print(`round-trip/${size}B`, (crossings() - before) / (2 * ROUND_TRIPS), ROUND_TRIPS);
  a.close();
  b.close();

  for (const burst of BURSTS) {
    let arrived = 0;
    const pair = makePair(
      () => arrived++,
      () => {},
    );
    const start = pair.crossings();
    for (let i = 0; i < REPEATS; i++) {
      for (let k = 0; k < burst; k++) pair.a.send(blob);
      while (arrived < (i + 1) * burst) await turn();
    }
    print(
      `one-way/${size}B, ${burst} at once`,
      (pair.crossings() - start) / (REPEATS * burst),
      REPEATS * burst,
    );
    pair.a.close();
    pair.b.close();
  }
}
