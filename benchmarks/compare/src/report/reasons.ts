// Why an alternative is ahead of one of ours: what was found out about each case, by measuring it.
import { layerOf } from '../subjects.js';
import type { Loss } from './rows.js';

/** Stands in a report until somebody has found out. */
export const UNEXPLAINED = 'not explained yet';

interface Finding {
  bench: RegExp;
  /** Our layer. */
  layer: RegExp;
  /** The alternative. */
  other: RegExp;
  why: string;
}

/** The first that fits a pair explains it. */
const ANY = /./;
const SMALL = /64B$|4KiB$|^clients/;

const FINDINGS: readonly Finding[] = [
  {
    bench: /^open/,
    layer: /^structured/,
    other: ANY,
    why: 'a session is opened: the server is found by its file and its lock, each side checks who the other is, a log-in and a master channel with its liveness timers are set up, and pools of shared memory made; the others connect a socket or a port',
  },
  {
    bench: /^memory/,
    layer: ANY,
    other: /^message-port/,
    why: 'two threads share one process, its code and its heap',
  },
  {
    bench: /^memory/,
    layer: ANY,
    other: ANY,
    why: 'each side loads the addon and every layer below the one in use, and keeps a read buffer of 256 KiB; messages in pieces are put together in memory of their own',
  },
  {
    bench: ANY,
    layer: ANY,
    other: /^message-port/,
    why: 'two threads of one process: bytes are copied within its heap, the kernel only wakes',
  },
  {
    bench: SMALL,
    layer: /^structured-shm/,
    other: ANY,
    why: 'a typed message is built, checked and read on both sides; in shared memory its bytes are handed out by an ArrayBuffer of their own, and two lists say where they are',
  },
  {
    bench: SMALL,
    layer: /^structured-heap/,
    other: ANY,
    why: 'a typed message is built, checked and read on both sides; the others hand over bytes as they are',
  },
  {
    bench: SMALL,
    layer: /^bipc-mq/,
    other: ANY,
    why: 'a queue of Boost is a lock and two conditions in shared memory, which no event loop can watch: a thread of the addon waits, and wakes it',
  },
  {
    bench: ANY,
    layer: /-mq$/,
    other: ANY,
    why: 'a queue has ten messages of 8 KiB: larger ones go in pieces, and the writer waits for the reader every ten',
  },
  {
    bench: ANY,
    layer: /^structured-heap/,
    other: ANY,
    why: 'bytes are copied into the message, and from there into the kernel; what is longer than a segment goes in pieces of 64 KiB',
  },
  {
    bench: ANY,
    layer: /^raw-socket/,
    other: ANY,
    why: "the wire's messages end at 64 KiB: larger ones go in pieces and are put together again",
  },
];

/** Each thing that puts these alternatives ahead, once. */
export function reasons({ result, ours, others }: Loss): string[] {
  const layer = layerOf(ours[0]!);
  const found = others.map(
    (other) =>
      FINDINGS.find(
        (each) => each.bench.test(result.bench.name) && each.layer.test(layer) && each.other.test(other),
      )?.why ?? UNEXPLAINED,
  );
  return [...new Set(found)];
}
