// Which round trips count: the shots, each with some before it that do not.
import type { Job } from './control.js';

/** V8 compiles what runs often: measured, a round trip gets no faster beyond about 3000 of them. */
const BEFORE_FIRST = 5000;
/**
 * Between shots a response is verified, which for a large file takes a second, in which the server sleeps and the
 * caches fill with the file. So that every size finds the machine in the same state, it is woken before each shot.
 */
const BETWEEN = 50;
/** Copied files warm up as many times as fit into so many bytes: more would only take long. */
const BYTES_BEFORE_FIRST = 50_000_000;
const BYTES_BETWEEN = 5_000_000;

/** All round trips of a job, in order; true for those that count. Both processes follow it. */
export function* plan({ technique, size, shots }: Job): Generator<boolean, void, void> {
  const copies = technique === 'classic-socket';
  const first = copies
    ? Math.min(BEFORE_FIRST, Math.max(1, Math.floor(BYTES_BEFORE_FIRST / size)))
    : BEFORE_FIRST;
  const between = copies ? Math.min(BETWEEN, Math.floor(BYTES_BETWEEN / size)) : BETWEEN;
  for (let shot = 0; shot < shots; shot++) {
    for (let i = shot === 0 ? first : between; i > 0; i--) yield false;
    yield true;
  }
}
