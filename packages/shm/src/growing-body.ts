// A message that is built in shared memory: what its segments' sizes are, wherever they lie.
import { type AnyMemory, MessageBuilder, type SegmentAllocator } from '@flow-ipc/capnp';

const ENOMEM = -12;
const ENOSPC = -28;

/** The first segment has a size of its own, each further one is as large as all before it. */
export abstract class GrowingBody implements SegmentAllocator {
  readonly builder: MessageBuilder;
  #next: number;
  #total = 0;

  constructor(firstSegmentBytes: number) {
    this.#next = firstSegmentBytes;
    this.builder = new MessageBuilder(this);
  }

  allocate(minBytes: number): { bytes: AnyMemory; zeroed: boolean } {
    const wanted = Math.ceil(Math.max(minBytes, this.#next) / 8) * 8;
    let size = wanted;
    let bytes = this.grow(size);
    if ((bytes === ENOMEM || bytes === ENOSPC) && minBytes < wanted) {
      // Growing generously does not fit any more; what is needed may.
      size = minBytes;
      bytes = this.grow(size);
    }
    if (typeof bytes === 'number') throw this.refused(bytes, size);
    this.#total += size;
    this.#next = this.#total;
    return { bytes, zeroed: false };
  }

  /** One more segment of `size` bytes, a multiple of 8; or a code. */
  protected abstract grow(size: number): AnyMemory | number;
  protected abstract refused(code: number, size: number): Error;

  /** Of the segments: a number for one, which most messages have. */
  protected usedSizes(): number | number[] {
    const { builder } = this;
    const first = builder.usedBytes(0);
    if (builder.segmentCount === 1) return first;
    return Array.from({ length: builder.segmentCount }, (_, i) => builder.usedBytes(i));
  }
}
