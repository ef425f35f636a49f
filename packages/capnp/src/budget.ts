// The amplification budget: what stops a small hostile message from causing unbounded work.

import { CapnpError } from './errors.js';
import type { Arena, Segment } from './segment.js';

/** An element that occupies no bytes still costs its reader memory and time: this many words' worth. */
export const WORDS_PER_EMPTY_ELEMENT = 16;

export function amplification(): CapnpError {
  return new CapnpError(
    'ERR_FLOW_IPC_CAPNP_AMPLIFICATION',
    'the message leads to far more work than it has bytes (see traversalLimitWords)',
  );
}

/** Called for each pointer followed, with the size of its object. */
export function charge(arena: Arena, bytes: number): void {
  arena.left -= 1 + bytes / 8;
  if (arena.left < 0) arena.refill();
}

/** Called for each list whose elements occupy nothing. */
export function chargeEmptyElements(segment: Segment, elements: number): void {
  const { arena } = segment;
  arena.left -= elements * WORDS_PER_EMPTY_ELEMENT;
  if (arena.left < 0) arena.refill();
}
