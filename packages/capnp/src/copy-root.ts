// Copies a whole message into another one.

import { clearPointer } from './build-list.js';
import { copyPointer } from './copy.js';
import { outOfBounds } from './errors.js';
import type { MessageBuilder } from './message-builder.js';
import type { MessageReader } from './message-reader.js';

const NESTING = 64;

/**
 * Makes the root of `to` a deep copy of the root of `from`, whatever its type; an earlier root is zeroed and
 * abandoned. Objects are laid out anew, in pre-order, so the copy fits the segments that `to`'s allocator gives.
 * The source is checked as by any reader. @throws CapnpError
 */
export function copyRoot(from: MessageReader, to: MessageBuilder): void {
  const source = from.segment(0);
  if (source.end < 8) throw outOfBounds('the root pointer');
  const root = to.rootSegment();
  clearPointer(root, 0);
  copyPointer(source, 0, root, 0, NESTING);
}
