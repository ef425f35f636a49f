// Builds a message in segments from an allocator.

import { clear, tooBig } from './allocate.js';
import { HeapAllocator, type SegmentAllocator } from './allocator.js';
import { AnyPointerBuilder } from './any-pointer-builder.js';
import { initStruct, openStruct } from './build-struct.js';
import { makeTarget } from './build-target.js';
import { CapnpError } from './errors.js';
import { asPart } from './memory.js';
import { MessageReader, type ReaderOptions } from './message-reader.js';
import { Orphan } from './orphan.js';
import type { InitArgs, PointerType } from './pointer-type.js';
import { Arena, Segment } from './segment.js';
import { setStruct } from './set.js';
import type { StructBuilder } from './struct-builder.js';
import { StructReader } from './struct-reader.js';
import type { StructType } from './struct-type.js';

/** Far pointers have 29 bits for a word's position. */
const MAX_SEGMENT_BYTES = 2 ** 32;

/** Shared by all messages of one segment; never written to. */
const NONE: Segment[] = [];

/** A message being built. Objects lie in the order in which they were initialised, after the root pointer. */
export class MessageBuilder extends Arena {
  private readonly allocator: SegmentAllocator;
  /** Most messages are of one segment: no array for these. */
  private first: Segment | undefined = undefined;
  private last: Segment | undefined = undefined;
  private more: Segment[] = NONE;

  constructor(allocator: SegmentAllocator = new HeapAllocator()) {
    super();
    this.allocator = allocator;
  }

  /** Makes a new root struct; one that was there before is zeroed and abandoned. */
  initRoot<R extends StructReader, B extends StructBuilder>(type: StructType<R, B>): B {
    const segment = this.rootSegment();
    return initStruct(segment, segment.start, type);
  }

  /** The root struct; made when there is none yet, and enlarged when it was written with an older schema. */
  getRoot<R extends StructReader, B extends StructBuilder>(type: StructType<R, B>): B {
    const segment = this.rootSegment();
    return openStruct(segment, segment.start, type, undefined);
  }

  /** Makes the root a deep copy of a struct. */
  setRoot(struct: StructReader): void {
    if (!(struct instanceof StructReader)) throw new TypeError('the root is set from a struct reader');
    const segment = this.rootSegment();
    setStruct(segment, segment.start, struct);
  }

  /** The root pointer, for roots whose type is not known beforehand. */
  rootPointer(): AnyPointerBuilder {
    const segment = this.rootSegment();
    return new AnyPointerBuilder(segment, segment.start);
  }

  /**
   * An object beside the message, to be put into it by an `adopt…` call: `newOrphan(Foo)`,
   * `newOrphan(structList(Foo), length)`, `newOrphan(Data, length)`, `newOrphan(Text, 'words')`.
   */
  newOrphan<B>(type: PointerType<unknown, B>, ...args: InitArgs<B>): Orphan<B> {
    const near = this.last ?? this.rootSegment();
    return new Orphan(near, makeTarget(type, near, args[0]), type);
  }

  /** A reader of the same memory; it sees later changes of what it has not yet read. */
  asReader(options?: ReaderOptions): MessageReader {
    this.rootSegment();
    return new MessageReader(this.segmentsSoFar(), options);
  }

  get segmentCount(): number {
    return this.first === undefined ? 0 : 1 + this.more.length;
  }

  /** Bytes in use in segment `i`: what has to be sent of it. */
  usedBytes(i: number): number {
    return this.segment(i).used;
  }

  /** Bytes in use in all segments. */
  get totalBytes(): number {
    let total = 0;
    for (let i = 0; i < this.segmentCount; i++) total += this.usedBytes(i);
    return total;
  }

  /**
   * The used part of each segment: views, not copies. Ends the first segment where the allocator can use its rest
   * otherwise, as the default one can: objects made later go into another segment then.
   */
  segments(): Uint8Array[] {
    if (this.allocator.reclaim !== undefined) this.trim();
    return this.segmentsSoFar();
  }

  /** The same of a message that will grow further: it keeps its room. */
  segmentsSoFar(): Uint8Array[] {
    const { first } = this;
    if (first === undefined) return [];
    const views = [first.slice(first.start, first.used)];
    for (const segment of this.more) views.push(segment.slice(segment.start, segment.used));
    return views;
  }

  /**
   * Ends the first segment behind what is in use, and lets its allocator reclaim the rest. Objects made later go
   * into another segment.
   */
  trim(): void {
    const { first } = this;
    if (first === undefined || first.end === first.limit) return;
    const { end, limit } = first;
    first.limit = end;
    this.allocator.reclaim?.(first.memory, end, limit);
  }

  /** @internal */
  override segment(id: number): Segment {
    const segment = id === 0 ? this.first : this.more[id - 1];
    if (segment === undefined) {
      throw new CapnpError('ERR_FLOW_IPC_CAPNP_NO_SEGMENT', `the message has no segment ${id}`);
    }
    return segment;
  }

  /** @internal The last segment if it has room for `bytes`, otherwise a new one. */
  room(bytes: number): Segment {
    const { last } = this;
    if (last !== undefined && last.end + bytes <= last.limit) return last;
    if (bytes > MAX_SEGMENT_BYTES) throw tooBig('an object');
    const allocation = this.allocator.allocate(bytes);
    const part = asPart(allocation.bytes);
    const capacity = Math.min(part.length - (part.length % 8), MAX_SEGMENT_BYTES);
    if (capacity < bytes) {
      throw new CapnpError(
        'ERR_FLOW_IPC_CAPNP_BAD_ALLOCATOR',
        `the allocator returned ${part.length} of ${bytes} bytes`,
      );
    }
    const segment = new Segment(this, this.segmentCount, part, 0, capacity, allocation.zeroed);
    if (this.first === undefined) this.first = segment;
    else if (this.more === NONE) this.more = [segment];
    else this.more.push(segment);
    this.last = segment;
    return segment;
  }

  /** @internal Segment 0, with the root pointer at its start. */
  rootSegment(): Segment {
    if (this.first !== undefined) return this.first;
    const segment = this.room(8);
    segment.end += 8;
    clear(segment, segment.start, 8);
    return segment;
  }
}
