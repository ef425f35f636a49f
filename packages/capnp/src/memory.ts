// Memory that segments lie in: one DataView for many small messages, since each view costs more than a small message.

/** A piece of memory and the views that everything in it is read and written through. */
export class Memory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** @internal The getters of a Uint8Array are not free. */
  readonly buffer: ArrayBufferLike;
  /** @internal Where `bytes` begins in `buffer`. */
  readonly offset: number;
  private node: Buffer | undefined = undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.buffer = bytes.buffer;
    this.offset = bytes.byteOffset;
    this.view = new DataView(this.buffer, this.offset, bytes.length);
  }

  /** The same memory as a Node Buffer, made at the first longer text: it has the fast UTF-8 routines. */
  asBuffer(): Buffer {
    this.node ??= Buffer.from(this.buffer, this.offset, this.bytes.length);
    return this.node;
  }
}

/** Whoever reads or writes through views of a memory that can be taken back. */
export interface MemoryUser {
  /** @internal From here on every access is to `nothing`, which has no bytes. */
  revoke(nothing: Memory): void;
}

/**
 * A part of a piece of memory, for a segment without views of its own: an allocator gives it, a reader takes it.
 * Readers of one part never get at another.
 */
export class MemoryPart {
  readonly memory: Memory;
  readonly start: number;
  readonly length: number;

  /** @throws RangeError when it is no part of the memory */
  constructor(memory: Memory, start: number, length: number) {
    if (!(start >= 0 && length >= 0 && start + length <= memory.bytes.length)) {
      throw new RangeError(`${length} bytes at ${start} are no part of ${memory.bytes.length}`);
    }
    this.memory = memory;
    this.start = start;
    this.length = length;
  }

  /** A view of it, made at each call. */
  toBytes(): Uint8Array {
    return this.slice(this.start, this.length);
  }

  /** @internal A view of bytes of the part, for callers to keep; `at` counts from the beginning of the memory. */
  slice(at: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.memory.offset + at, length);
  }

  /** @internal Called by whoever is going to use the views of the memory. */
  attach(_user: MemoryUser): void {}
}

/** The forms in which callers hold memory. */
export type AnyMemory = Uint8Array | ArrayBuffer | MemoryPart;

/** A buffer no larger than this is taken for one that many small messages lie in. */
const SHARED_BYTES = 65536;

/** The last such buffer: the next message is most likely in the same. */
let recent: Memory | undefined;

export function asPart(memory: AnyMemory): MemoryPart {
  if (memory instanceof MemoryPart) return memory;
  const bytes = memory instanceof Uint8Array ? memory : new Uint8Array(memory);
  const { buffer, length } = bytes;
  if (recent !== undefined && recent.buffer === buffer) {
    const at = bytes.byteOffset;
    if (at + length <= recent.bytes.length) return new MemoryPart(recent, at, length);
  }
  const size = buffer.byteLength;
  if (size > SHARED_BYTES || length === size) return new MemoryPart(new Memory(bytes), 0, length);
  recent = new Memory(new Uint8Array(buffer, 0, size));
  return new MemoryPart(recent, bytes.byteOffset, length);
}
