// Bodies on the heap, copied through the pipe segment by segment (features 118, 119).
import { copyRoot, MessageBuilder, type SegmentAllocator } from '@flow-ipc/capnp';
import { FlowIpcError } from '@flow-ipc/core';
import { StructError } from './errors.js';
import type {
  BodyBuilder,
  CreateMsgOptions,
  MetadataBytes,
  ReceivedBody,
  Serialization,
} from './serialization.js';

/** Most messages are small: a full segment for each would cost more to clear than to send. */
const FIRST_SEGMENT = 1024;

/** Segments of at most the pipe's capacity; a bigger leaf gets what it asks for and is refused at sending. */
class HeapSegments implements SegmentAllocator {
  readonly #capacity: number;
  #next: number;

  constructor(capacity: number, first: number) {
    this.#capacity = capacity;
    this.#next = Math.min(capacity, Math.ceil(first / 8) * 8);
  }

  allocate(minBytes: number): { bytes: Uint8Array; zeroed: boolean } {
    const size = Math.max(minBytes, this.#next);
    this.#next = this.#capacity;
    return { bytes: new Uint8Array(size), zeroed: true };
  }
}

class HeapBody implements BodyBuilder {
  readonly builder: MessageBuilder;

  constructor(maxBlobSize: number, options: CreateMsgOptions) {
    const capacity = maxBlobSize - (maxBlobSize % 8);
    this.builder = new MessageBuilder(new HeapSegments(capacity, options.firstSegmentBytes ?? FIRST_SEGMENT));
  }

  emit(maxBlobSize: number): Uint8Array[] {
    const segments = this.builder.segments();
    for (const segment of segments) {
      if (segment.length <= maxBlobSize) continue;
      throw new FlowIpcError(
        StructError.LEAF_TOO_BIG,
        `A list, Text or Data of ${segment.length} bytes does not fit a segment of ${maxBlobSize}: ` +
          'split it, or use a session with shared memory',
      );
    }
    return segments;
  }

  release(): void {}
}

/** A body whose builder is somebody else's: its segments may be longer than what a pipe takes. */
class AdoptedBody implements BodyBuilder {
  readonly builder: MessageBuilder;

  constructor(builder: MessageBuilder) {
    this.builder = builder;
  }

  emit(maxBlobSize: number): Uint8Array[] {
    const segments = this.builder.segments();
    if (segments.every((segment) => segment.length <= maxBlobSize)) return segments;
    const fitting = new HeapBody(maxBlobSize, {});
    copyRoot(this.builder.asReader({ traversalLimitWords: Number.POSITIVE_INFINITY }), fitting.builder);
    return fitting.emit(maxBlobSize);
  }

  release(): void {}
}

class HeapSerialization implements Serialization {
  newBody(maxBlobSize: number, options: CreateMsgOptions): BodyBuilder {
    return new HeapBody(maxBlobSize, options);
  }

  adoptBody(builder: MessageBuilder): BodyBuilder {
    return new AdoptedBody(builder);
  }

  wrapMetadata(bytes: Uint8Array, length: number): Uint8Array {
    return bytes.subarray(0, length);
  }

  unwrapMetadata(bytes: Uint8Array, view: DataView, at: number, length: number): MetadataBytes {
    return { bytes, view, at, length };
  }

  openBody(blobs: Uint8Array[]): ReceivedBody {
    for (const blob of blobs) {
      if (blob.length % 8 !== 0) {
        throw new FlowIpcError(
          StructError.SEGMENT_MISALIGNED,
          `A body segment of ${blob.length} bytes: not whole words`,
        );
      }
    }
    return { segments: blobs, release: () => {} };
  }
}

/** C++: S_SERIALIZE_VIA_HEAP. */
export const heapSerialization: Serialization = new HeapSerialization();
