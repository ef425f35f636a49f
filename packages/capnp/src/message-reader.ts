// Reads a message from memory that we do not own and do not trust.

import { AnyPointerReader } from './any-pointer-reader.js';
import { amplification } from './budget.js';
import { CapnpError, outOfBounds } from './errors.js';
import { type AnyMemory, asPart, MemoryPart } from './memory.js';
import { defaultStruct, readStruct } from './read-struct.js';
import { Arena, Segment } from './segment.js';
import type { StructBuilder } from './struct-builder.js';
import type { StructReader } from './struct-reader.js';
import type { StructType } from './struct-type.js';
import { isBoundedTree } from './tree-check.js';

export interface ReaderOptions {
  /** Deepest nesting of structs and lists that is followed. Default 64. */
  readonly nestingLimit?: number;
  /**
   * Words of objects that reading the whole message once may lead to; list elements without size count as 16
   * words. An honest message, in which no object is pointed at twice, may be read any number of times; of a
   * message in which pointers share objects this much may be read in all. Default: 8 Mi words plus 64 times
   * the message's size. `Infinity` switches the limit off.
   */
  readonly traversalLimitWords?: number;
}

const DEFAULT_NESTING = 64;
const DEFAULT_WORDS = 8 * 1024 * 1024;
const DEFAULT_REREADS = 64;
const NO_OPTIONS: ReaderOptions = {};

/** A message as its segments, in order; segment 0 begins with the root pointer. Nothing is copied. */
export class MessageReader extends Arena {
  /** The memory that was given. */
  readonly segments: readonly AnyMemory[];
  private first: Segment | undefined = undefined;
  /** The others, made when they are first led to; most messages have none. */
  private opened: (Segment | undefined)[] | undefined = undefined;
  private readonly nestingLimit: number;
  private readonly limit: number;

  constructor(segments: readonly AnyMemory[], options: ReaderOptions = NO_OPTIONS) {
    super();
    this.segments = segments;
    this.nestingLimit = options.nestingLimit ?? DEFAULT_NESTING;
    this.limit = options.traversalLimitWords ?? defaultLimit(segments);
    this.left = this.limit;
  }

  /** @internal */
  override segment(id: number): Segment {
    return (id === 0 ? this.first : this.opened?.[id]) ?? this.open(id);
  }

  /** @internal */
  override refill(): void {
    const owed = -this.left;
    if (!isBoundedTree(this.segment(0), this.nestingLimit, this.limit)) throw amplification();
    this.left = this.limit - owed;
    if (this.left < 0) throw amplification();
  }

  private open(id: number): Segment {
    const memory = this.segments[id];
    if (memory === undefined) {
      throw new CapnpError('ERR_FLOW_IPC_CAPNP_NO_SEGMENT', `the message has no segment ${id}`);
    }
    const part = asPart(memory);
    const size = part.length - (part.length % 8);
    const segment = new Segment(this, id, part, size, size, false);
    if (id === 0) this.first = segment;
    else {
      this.opened ??= new Array<Segment | undefined>(this.segments.length);
      this.opened[id] = segment;
    }
    return segment;
  }

  /**
   * The root struct, read as `type`; an all-default struct when the root pointer is null. Cheap: may be
   * called for every access.
   */
  getRoot<R extends StructReader, B extends StructBuilder>(type: StructType<R, B>): R {
    const segment = this.segment(0);
    const { start } = segment;
    if (segment.used < 8) throw outOfBounds('the root pointer');
    const lo = segment.view.getUint32(start, true);
    const hi = segment.view.getUint32(start + 4, true);
    if ((lo | hi) === 0) return defaultStruct(type.Reader, undefined);
    return readStruct(segment, start, lo, hi, this.nestingLimit, type.Reader);
  }

  /** The root pointer, for roots whose type is not known beforehand. */
  rootPointer(): AnyPointerReader {
    const segment = this.segment(0);
    if (segment.used < 8) throw outOfBounds('the root pointer');
    return new AnyPointerReader(segment, segment.start, this.nestingLimit);
  }
}

function defaultLimit(segments: readonly AnyMemory[]): number {
  let bytes = 0;
  for (let i = 0; i < segments.length; i++) bytes += sizeOf(segments[i]!);
  return DEFAULT_WORDS + (bytes / 8) * DEFAULT_REREADS;
}

function sizeOf(memory: AnyMemory): number {
  return memory instanceof MemoryPart || memory instanceof Uint8Array ? memory.length : memory.byteLength;
}
