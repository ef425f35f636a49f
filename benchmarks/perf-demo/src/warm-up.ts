// How many round trips go before the first that counts.
import type { Technique } from './techniques.js';

/** V8 compiles what runs often: measured, a round trip gets no faster beyond about 3000 of them. */
const ROUND_TRIPS = 5000;
/** A copied file warms up as many times as fit into this many bytes, at least once: more would only take long. */
const BYTES_COPIED = 50_000_000;

export function warmUps(technique: Technique, size: number): number {
  if (technique !== 'classic-socket') return ROUND_TRIPS;
  return Math.min(ROUND_TRIPS, Math.max(1, Math.floor(BYTES_COPIED / size)));
}
