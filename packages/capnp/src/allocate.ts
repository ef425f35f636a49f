// Places new objects in a message and points at them, in the order and with the bytes of the C++ library.

import { CapnpError } from './errors.js';
import type { MessageBuilder } from './message-builder.js';
import { FAR } from './pointer.js';
import type { Segment } from './segment.js';

/** Where `allocate` has put the object. */
export const placed = { at: 0 };

/**
 * Allocates `bytes` (a multiple of 8) for the object of the pointer at byte `at`, sets the pointer, and
 * returns the object's segment; `placed.at` is its position there. The memory is not zeroed.
 *
 * Space is looked for in the pointer's own segment, then in the message's last one, then in a new one; away
 * from the pointer's segment a landing pad goes directly before the object. If the allocator refuses, the
 * message is unchanged.
 */
export function allocate(
  pointerSegment: Segment,
  at: number,
  bytes: number,
  kind: number,
  hi: number,
): Segment {
  const here = pointerSegment.end;
  if (here + bytes <= pointerSegment.limit) {
    pointerSegment.end = here + bytes;
    // A zero-sized struct points at itself, so that it differs from null and never from inside bounds.
    const offset = bytes === 0 && kind === 0 ? -1 : (here - at) / 8 - 1;
    pointerSegment.view.setInt32(at, offset * 4 + kind, true);
    pointerSegment.view.setUint32(at + 4, hi, true);
    placed.at = here;
    return pointerSegment;
  }
  const segment = (pointerSegment.arena as MessageBuilder).room(bytes + 8);
  const pad = segment.end;
  segment.end = pad + 8 + bytes;
  pointerSegment.view.setUint32(at, pad - segment.start + FAR, true);
  pointerSegment.view.setUint32(at + 4, segment.id, true);
  segment.view.setUint32(pad, kind, true);
  segment.view.setUint32(pad + 4, hi, true);
  placed.at = pad + 8;
  return segment;
}

/**
 * Allocates `bytes` (a multiple of 8) for an object that no pointer leads to yet: in `near` if there is room,
 * otherwise where the message has room. The memory is not zeroed.
 */
export function place(near: Segment, bytes: number): { readonly segment: Segment; readonly at: number } {
  const segment = near.end + bytes <= near.limit ? near : (near.arena as MessageBuilder).room(bytes);
  const at = segment.end;
  segment.end = at + bytes;
  return { segment, at };
}

/** Up to this many bytes a loop beats the call of `fill`. */
const SHORT = 128;

/** Zeroes whole words that were just handed out, unless they are known to be zero. */
export function clear(segment: Segment, at: number, bytes: number): void {
  if (segment.clean) return;
  if (bytes > SHORT) {
    segment.bytes.fill(0, at, at + bytes);
    return;
  }
  const { view } = segment;
  for (let i = at; i < at + bytes; i += 4) view.setUint32(i, 0);
}

export function tooBig(what: string): CapnpError {
  return new CapnpError('ERR_FLOW_IPC_CAPNP_TOO_BIG', `${what} is larger than a Cap'n Proto pointer can say`);
}
