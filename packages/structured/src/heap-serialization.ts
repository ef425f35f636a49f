// Bodies on the heap, copied through the pipe segment by segment (features 118, 119).
import {
  type Allocation,
  type Memory,
  type MemoryPart,
  MessageBuilder,
  type SegmentAllocator,
} from '@flow-ipc/capnp';
import { FlowIpcError } from '@flow-ipc/core';
import { StructError } from './errors.js';
import type {
  BodyBuilder,
  CreateMsgOptions,
  MetadataBytes,
  ReceivedBody,
  Serialization,
} from './serialization.js';
import { Slab } from './slab.js';

/** Most messages are small: a full segment for each would cost more to clear than to send. */
const FIRST_SEGMENT = 1024;

/** For first segments. Messages being built live short. */
const slab = new Slab(32 * 1024);

/** Segments of at most the pipe's capacity; a bigger leaf gets what it asks for and is refused at sending. */
class HeapBody implements BodyBuilder, SegmentAllocator {
  readonly builder: MessageBuilder;
  readonly #capacity: number;
  #next: number;

  constructor(maxBlobSize: number, options: CreateMsgOptions) {
    this.#capacity = maxBlobSize - (maxBlobSize % 8);
    const first = options.firstSegmentBytes ?? FIRST_SEGMENT;
    this.#next = Math.min(this.#capacity, Math.ceil(first / 8) * 8);
    this.builder = new MessageBuilder(this);
  }

  allocate(minBytes: number): Allocation {
    const size = Math.max(minBytes, this.#next);
    this.#next = this.#capacity;
    const piece = slab.cut(size);
    return piece ? { bytes: piece, zeroed: false } : { bytes: new Uint8Array(size), zeroed: true };
  }

  reclaim(memory: Memory, end: number, limit: number): void {
    slab.reclaim(memory, end, limit);
  }

  emit(maxBlobSize: number): Uint8Array[] {
    // It may be added to and sent again.
    const segments = this.builder.segmentsSoFar();
    for (let i = 0; i < segments.length; i++) {
      const { length } = segments[i]!;
      if (length <= maxBlobSize) continue;
      throw new FlowIpcError(
        StructError.LEAF_TOO_BIG,
        `A list, Text or Data of ${length} bytes does not fit a segment of ${maxBlobSize}: ` +
          'split it, or use a session with shared memory',
      );
    }
    return segments;
  }

  release(): void {
    this.builder.trim();
  }
}

/** A body whose builder is somebody else's: its segments may be longer than what a pipe takes. */
class AdoptedBody implements BodyBuilder {
  readonly builder: MessageBuilder;

  constructor(builder: MessageBuilder) {
    this.builder = builder;
  }

  emit(maxBlobSize: number): Uint8Array[] {
    const segments = this.builder.segmentsSoFar();
    if (segments.every((segment) => segment.length <= maxBlobSize)) return segments;
    const fitting = new HeapBody(maxBlobSize, {});
    const own = this.builder.asReader({ traversalLimitWords: Number.POSITIVE_INFINITY });
    fitting.builder.rootPointer().set(own.rootPointer());
    return fitting.emit(maxBlobSize);
  }

  release(): void {}
}

class HeapReceived implements ReceivedBody {
  readonly segments: readonly (Uint8Array | MemoryPart)[];

  constructor(segments: readonly (Uint8Array | MemoryPart)[]) {
    this.segments = segments;
  }

  release(): void {}
}

class HeapSerialization implements Serialization {
  /** What was unwrapped and wrapped last: valid until the next call, so these serve every one. */
  readonly #place: MetadataBytes = {
    bytes: new Uint8Array(0),
    view: new DataView(new ArrayBuffer(0)),
    at: 0,
    length: 0,
  };
  #wrapped: Uint8Array = new Uint8Array(0);
  #wrappedFrom: Uint8Array = this.#wrapped;

  newBody(maxBlobSize: number, options: CreateMsgOptions): BodyBuilder {
    return new HeapBody(maxBlobSize, options);
  }

  adoptBody(builder: MessageBuilder): BodyBuilder {
    return new AdoptedBody(builder);
  }

  wrapMetadata(bytes: Uint8Array, length: number): Uint8Array {
    if (this.#wrappedFrom !== bytes || this.#wrapped.length !== length) {
      this.#wrappedFrom = bytes;
      this.#wrapped = bytes.subarray(0, length);
    }
    return this.#wrapped;
  }

  unwrapMetadata(bytes: Uint8Array, view: DataView, at: number, length: number): MetadataBytes {
    const place = this.#place;
    place.bytes = bytes;
    place.view = view;
    place.at = at;
    place.length = length;
    return place;
  }

  openBody(blobs: Uint8Array[]): ReceivedBody {
    return this.#open(blobs);
  }

  openParts(blobs: MemoryPart[]): ReceivedBody {
    return this.#open(blobs);
  }

  #open(blobs: readonly (Uint8Array | MemoryPart)[]): ReceivedBody {
    for (let i = 0; i < blobs.length; i++) {
      if (blobs[i]!.length % 8 !== 0) {
        throw new FlowIpcError(
          StructError.SEGMENT_MISALIGNED,
          `A body segment of ${blobs[i]!.length} bytes: not whole words`,
        );
      }
    }
    return new HeapReceived(blobs);
  }
}

/** C++: S_SERIALIZE_VIA_HEAP. */
export const heapSerialization: Serialization = new HeapSerialization();
