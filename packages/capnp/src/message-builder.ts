// Builds a message in segments from an allocator.

import { clear, tooBig } from './allocate.js';
import { HeapAllocator, type SegmentAllocator } from './allocator.js';
import { AnyPointerBuilder } from './any-pointer-builder.js';
import { initStruct, openStruct } from './build-struct.js';
import { makeTarget } from './build-target.js';
import { CapnpError } from './errors.js';
import { MessageReader, type ReaderOptions } from './message-reader.js';
import { Orphan } from './orphan.js';
import type { InitArgs, PointerType } from './pointer-type.js';
import { Arena, asBytes, Segment } from './segment.js';
import { setStruct } from './set.js';
import type { StructBuilder } from './struct-builder.js';
import { StructReader } from './struct-reader.js';
import type { StructType } from './struct-type.js';

/** Far pointers have 29 bits for a word's position. */
const MAX_SEGMENT_BYTES = 2 ** 32;

/** A message being built. Objects lie in the order in which they were initialised, after the root pointer. */
export class MessageBuilder extends Arena {
  private readonly allocator: SegmentAllocator;
  private built: Segment[] = [];

  constructor(allocator: SegmentAllocator = new HeapAllocator()) {
    super();
    this.allocator = allocator;
  }

  /** Makes a new root struct; one that was there before is zeroed and abandoned. */
  initRoot<R extends StructReader, B extends StructBuilder>(type: StructType<R, B>): B {
    return initStruct(this.rootSegment(), 0, type);
  }

  /** The root struct; made when there is none yet, and enlarged when it was written with an older schema. */
  getRoot<R extends StructReader, B extends StructBuilder>(type: StructType<R, B>): B {
    return openStruct(this.rootSegment(), 0, type, undefined);
  }

  /** Makes the root a deep copy of a struct. */
  setRoot(struct: StructReader): void {
    if (!(struct instanceof StructReader)) throw new TypeError('the root is set from a struct reader');
    setStruct(this.rootSegment(), 0, struct);
  }

  /** The root pointer, for roots whose type is not known beforehand. */
  rootPointer(): AnyPointerBuilder {
    return new AnyPointerBuilder(this.rootSegment(), 0);
  }

  /**
   * An object beside the message, to be put into it by an `adopt…` call: `newOrphan(Foo)`,
   * `newOrphan(structList(Foo), length)`, `newOrphan(Data, length)`, `newOrphan(Text, 'words')`.
   */
  newOrphan<B>(type: PointerType<unknown, B>, ...args: InitArgs<B>): Orphan<B> {
    const near = this.built[this.built.length - 1] ?? this.rootSegment();
    return new Orphan(near, makeTarget(type, near, args[0]), type);
  }

  /** A reader of the same memory; it sees later changes of what it has not yet read. */
  asReader(options?: ReaderOptions): MessageReader {
    this.rootSegment();
    return new MessageReader(this.segments(), options);
  }

  get segmentCount(): number {
    return this.built.length;
  }

  /** Bytes in use in segment `i`: what has to be sent of it. */
  usedBytes(i: number): number {
    return this.segment(i).end;
  }

  /** Bytes in use in all segments. */
  get totalBytes(): number {
    let total = 0;
    for (const segment of this.built) total += segment.end;
    return total;
  }

  /** The used part of each segment: views, not copies. */
  segments(): Uint8Array[] {
    return this.built.map((segment) => segment.slice(0, segment.end));
  }

  /** @internal */
  override segment(id: number): Segment {
    const segment = this.built[id];
    if (segment === undefined) {
      throw new CapnpError('ERR_FLOW_IPC_CAPNP_NO_SEGMENT', `the message has no segment ${id}`);
    }
    return segment;
  }

  /** @internal The last segment if it has room for `bytes`, otherwise a new one. */
  room(bytes: number): Segment {
    const last = this.built[this.built.length - 1];
    if (last !== undefined && last.end + bytes <= last.capacity) return last;
    if (bytes > MAX_SEGMENT_BYTES) throw tooBig('an object');
    const allocation = this.allocator.allocate(bytes);
    const memory = asBytes(allocation.bytes);
    const capacity = Math.min(memory.length - (memory.length % 8), MAX_SEGMENT_BYTES);
    if (capacity < bytes) {
      throw new CapnpError(
        'ERR_FLOW_IPC_CAPNP_BAD_ALLOCATOR',
        `the allocator returned ${memory.length} of ${bytes} bytes`,
      );
    }
    const segment = new Segment(this, this.built.length, memory, 0, capacity, allocation.zeroed);
    // Most messages are of one segment; a push would make room for many.
    if (this.built.length === 0) this.built = [segment];
    else this.built.push(segment);
    return segment;
  }

  /** @internal Segment 0, with the root pointer at its start. */
  rootSegment(): Segment {
    const first = this.built[0];
    if (first !== undefined) return first;
    const segment = this.room(8);
    segment.end = 8;
    clear(segment, 0, 8);
    return segment;
  }
}
