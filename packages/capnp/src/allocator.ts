// Where builders get their segments from.

import { type AnyMemory, Memory, MemoryPart } from './memory.js';
import { count } from './numbers.js';

/** Fresh memory for a segment. */
export interface Allocation {
  readonly bytes: AnyMemory;
  /** True only when all of it is zero; otherwise the builder zeroes what it hands out, and no more. */
  readonly zeroed: boolean;
}

/** Called whenever a message needs a further segment. */
export interface SegmentAllocator {
  /**
   * Returns at least `minBytes` (a positive multiple of 8) aligned to 8 bytes; all of it is the builder's, up
   * to 4 GiB. Throws to refuse: the message stays as it was.
   */
  allocate(minBytes: number): Allocation;
  /**
   * The first segment, given as a MemoryPart that ends at `limit`, is finished and uses nothing from `end` on: that
   * can serve another message. Called at most once for a message; only of an allocator that has this method.
   */
  reclaim?(memory: Memory, end: number, limit: number): void;
}

export interface HeapAllocatorOptions {
  /** Size of the first segment in bytes. Default 8192. */
  readonly firstBytes?: number;
  /**
   * Size of the following segments: as large as all before together (`double`, the default), or each as
   * large as the first (`fixed`).
   */
  readonly growth?: 'double' | 'fixed';
}

/** JavaScript heap memory in growing segments, in the sizes that C++'s MallocMessageBuilder chooses. */
export class HeapAllocator implements SegmentAllocator {
  private next: number;
  private first = true;
  private readonly growth: 'double' | 'fixed';

  constructor(options: HeapAllocatorOptions = {}) {
    this.next = roundUp(count(options.firstBytes ?? 8192, 'firstBytes'));
    this.growth = options.growth ?? 'double';
  }

  allocate(minBytes: number): Allocation {
    const size = Math.max(roundUp(minBytes), this.next);
    if (this.growth === 'double') this.next = this.first ? size : this.next + size;
    this.first = false;
    return heapMemory(size);
  }

  reclaim(memory: Memory, end: number, limit: number): void {
    if (memory === pool && limit === poolUsed) poolUsed = end;
  }
}

/**
 * Heap segments of one fixed capacity, for transports with a maximum message size. A request for more is
 * served with exactly what it asks, so that the caller can see, and refuse, the oversized segment.
 */
export class FixedHeapAllocator implements SegmentAllocator {
  private readonly segmentBytes: number;

  /** `segmentBytes` is rounded down to a multiple of 8, for instance 65534 to 65528. */
  constructor(segmentBytes: number) {
    this.segmentBytes = count(segmentBytes, 'segmentBytes') - (segmentBytes % 8);
  }

  allocate(minBytes: number): Allocation {
    return heapMemory(Math.max(roundUp(minBytes), this.segmentBytes));
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Small segments come out of a common piece of memory: making an ArrayBuffer costs more than a small message. */
const POOL_BYTES = 65536;
/** Larger segments have memory of their own, or little of a pool would keep much of it alive. */
const MAX_POOLED = 8192;

let pool: Memory | undefined;
let poolUsed = 0;

/** Not zeroed: most messages use a small part of their segment, and only that part is worth zeroing. */
function heapMemory(bytes: number): Allocation {
  if (bytes > MAX_POOLED) return { bytes: Buffer.allocUnsafeSlow(bytes), zeroed: false };
  if (pool === undefined || poolUsed + bytes > POOL_BYTES) {
    pool = new Memory(new Uint8Array(Buffer.allocUnsafeSlow(POOL_BYTES).buffer));
    poolUsed = 0;
  }
  const at = poolUsed;
  poolUsed += bytes;
  return { bytes: new MemoryPart(pool, at, bytes), zeroed: false };
}
