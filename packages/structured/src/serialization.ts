// How the Cap'n Proto items of a channel travel: the seam between the channel and heap or shared memory.
import type { AnyMemory, MemoryPart, MessageBuilder } from '@flow-ipc/capnp';

export interface CreateMsgOptions {
  /** Size of the first segment in bytes: a hint that saves growing when the size of the message is known. */
  firstSegmentBytes?: number;
}

/** The body of an outgoing message: what its segments become on the wire. */
export interface OutgoingBody {
  /**
   * The blobs of one sending, each at most `maxBlobSize` bytes; valid until the next call. With shared memory the
   * recipient becomes an owner by it, so the blobs must then be sent. Throws LEAF_TOO_BIG or what the arena says.
   *
   * `through` is the serialization of the channel that they go through, which is another one than the body was made
   * by when a message is sent along several channels: it tells who the recipient is.
   */
  emit(maxBlobSize: number, through: Serialization): Uint8Array[];
  /** What the last emit() gave was not sent: undoes what it did for the recipient. Needed only where it did something. */
  retract?(): void;
  /** Gives the memory back (shared memory: our share of it). Idempotent. */
  release(): void;
}

/** One that is being built. C++: Struct_builder. */
export interface BodyBuilder extends OutgoingBody {
  readonly builder: MessageBuilder;
}

/** The body of a received message: its segments, in order, and how to give them back. C++: Struct_reader. */
export interface ReceivedBody {
  readonly segments: readonly AnyMemory[];
  /**
   * The same memory as a body to be sent on through a channel with that serialization; undefined where it has to be
   * copied. Independent of this body: each is released for itself.
   */
  sendOn?(through: Serialization): OutgoingBody | undefined;
  /** Gives the memory back; views of it are dead afterwards where it was shared. Idempotent. */
  release(): void;
}

/** One of these per channel. Stateless but for the arena it stands for. */
export interface Serialization {
  newBody(maxBlobSize: number, options: CreateMsgOptions): BodyBuilder;
  /** A body of a message that is built already, taken over as it is. Where this is missing the message is copied. */
  adoptBody?(builder: MessageBuilder): BodyBuilder;
  /** What is sent for metadata of `length` bytes at the start of `bytes`; valid until the next call. */
  wrapMetadata(bytes: Uint8Array, length: number): Uint8Array;
  /**
   * What the last wrapMetadata() gave was not sent: takes it back. Without this method unwrapMetadata() is called with
   * it, as the recipient would.
   */
  retractMetadata?(): void;
  /**
   * The reverse: metadata from the blob that came. The result is valid until the next call.
   * Throws FlowIpcError on anything malformed.
   */
  unwrapMetadata(bytes: Uint8Array, view: DataView, at: number, length: number): MetadataBytes;
  /** Opens the body from its blobs, which are the caller's no more. Throws FlowIpcError on anything malformed. */
  openBody(blobs: Uint8Array[]): ReceivedBody;
  /** The same for blobs that come as parts of a common piece of memory: spares making a view of each. */
  openParts?(blobs: MemoryPart[]): ReceivedBody;
}

/** A place in memory, described without making an object for it. */
export interface MetadataBytes {
  bytes: Uint8Array;
  view: DataView;
  at: number;
  length: number;
}
