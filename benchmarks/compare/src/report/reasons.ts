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
const FINDINGS: readonly Finding[] = [
  {
    bench: /^open/,
    layer: /^structured/,
    other: /./,
    why: 'a session is opened: the server is found by its file and its lock, each side checks who the other is, a log-in and its master channel with liveness timers are set up, and pools of shared memory made; the others connect a socket or a port',
  },
  {
    bench: /^memory/,
    layer: /./,
    other: /^message-port/,
    why: 'two threads share one process, its code and its heap',
  },
  {
    bench: /./,
    layer: /-mq$/,
    other: /./,
    why: 'a queue has ten messages of 8 KiB: larger ones go in pieces, and a writer waits for a reader every ten',
  },
  {
    bench: /./,
    layer: /./,
    other: /^message-port/,
    why: 'two threads of one process: bytes are copied within its heap, the kernel only wakes',
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
