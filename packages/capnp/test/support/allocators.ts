// Segment allocators that make life hard for a builder.

import { type Allocation, Memory, MemoryPart, type SegmentAllocator } from '@flow-ipc/capnp';

/**
 * Segments of the given sizes in turn, larger only when the request is; filled with rubbish, inside larger
 * memory whose borders are checked by `intact`; every other one has no views of its own.
 */
export class HostileAllocator implements SegmentAllocator {
  private readonly sizes: readonly number[];
  private readonly memories: { readonly all: Uint8Array; readonly size: number }[] = [];

  /** Sizes in bytes, multiples of 8; 0 gives every request exactly what it asks for. */
  constructor(...sizes: number[]) {
    this.sizes = sizes;
  }

  allocate(minBytes: number): Allocation {
    const wish = this.sizes[this.memories.length % this.sizes.length] ?? 0;
    const size = Math.max(minBytes, wish);
    const all = new Uint8Array(size + 64).fill(0xa5);
    this.memories.push({ all, size });
    const asPart = this.memories.length % 2 === 0;
    const bytes = asPart ? new MemoryPart(new Memory(all), 32, size) : all.subarray(32, 32 + size);
    return { bytes, zeroed: false };
  }

  /** True while nothing was written beside the segments, nor beyond the `used` part of each. */
  intact(used: (i: number) => number): boolean {
    return this.memories.every(({ all }, i) => {
      const isRubbish = (byte: number): boolean => byte === 0xa5;
      return all.subarray(0, 32).every(isRubbish) && all.subarray(32 + used(i)).every(isRubbish);
    });
  }
}
