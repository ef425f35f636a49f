// Lifts one object out of a message: for tools that embed values, such as the code generator.

import { HeapAllocator } from './allocator.js';
import { copyPointer } from './copy.js';
import { MessageBuilder } from './message-builder.js';
import type { StructReader } from './struct-reader.js';

/**
 * A copy of what pointer `index` of a struct leads to, as a message of one segment: word 0 is the pointer.
 * Undefined when the pointer is null.
 */
export function pointerAsMessage(reader: StructReader, index: number): Uint8Array | undefined {
  if (!reader.$has(index)) return undefined;
  for (let firstBytes = 1024; ; firstBytes *= 4) {
    const message = new MessageBuilder(new HeapAllocator({ firstBytes }));
    const root = message.rootSegment();
    copyPointer(reader.$segment, reader.$pointers + index * 8, root, root.start, reader.$depth);
    if (message.segmentCount === 1) return message.segments()[0];
  }
}
