// What was measured: one result for each size and technique.
import type { Technique } from './techniques.js';

/** Round trips in microseconds. */
export interface RoundTrips {
  median: number;
  min: number;
  max: number;
}

/** Memory of one process around the opening of its session, in bytes. */
export interface SessionMemory {
  rssBefore: number;
  rssAfter: number;
}

export interface RunMemory {
  server: SessionMemory;
  client: SessionMemory;
  /** Occupied in /dev/shm by the server's pools: before it was made, with the session open, with the answer in place. */
  shmBefore: number;
  shmOpen: number;
  shmServing: number;
  /** The most that each process held of its own (not shared with others), after its last shot. */
  serverOwnPeak: number;
  clientOwnPeak: number;
}

export interface Result {
  size: number;
  technique: Technique;
  shots: number;
  rttUs: RoundTrips;
  memory: RunMemory;
  /** Chunks that the client checked in each shot. */
  chunks: number;
}

/** A size that this machine has no room for. */
export interface Skipped {
  size: number;
  technique: Technique;
  reason: string;
}

/** Rounded to a tenth of a microsecond, beyond which the clock says nothing. */
export function roundTrips(samplesUs: readonly number[]): RoundTrips {
  if (samplesUs.length === 0) throw new RangeError('no samples');
  const sorted = [...samplesUs].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  const round = (us: number) => Math.round(us * 10) / 10;
  return { median: round(median), min: round(sorted[0]!), max: round(sorted.at(-1)!) };
}

/** The line that --json prints. */
export function toJsonLine({ size, technique, shots, rttUs }: Result): string {
  return JSON.stringify({ size, technique, shots, rttUs });
}
