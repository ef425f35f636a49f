// From the frames of one pipe to messages: negotiation, then metadata and body segments in turn (protocol 3.2, 3.3).
import { Memory, MemoryPart, MessageReader } from '@flow-ipc/capnp';
import {
  FlowIpcError,
  type FrameSink,
  NativeHandle,
  negotiate,
  type ReceiveBuffer,
  TransportError,
} from '@flow-ipc/core';
import { StructError } from './errors.js';
import { ProtocolNegotiation } from './generated/structured-msg.capnp.js';
import type { AnyStructType } from './kinds.js';
import { emptyMetadata, type Metadata, readMetadata } from './metadata.js';
import { type MessageOwner, MsgIn } from './msg-in.js';
import type { Serialization } from './serialization.js';
import { Slab } from './slab.js';

/** Which messages of a pipe carry a descriptor: none may, some do, each must. */
export type PipeContents = 'blobs' | 'any' | 'handles';

export interface PipeEvents<T extends AnyStructType> {
  /** Called with each metadata before its body is looked at; throws to refuse the message. */
  checkMetadata(pipe: number, metadata: Metadata): void;
  onMessage(pipe: number, message: MsgIn<T>): void;
  /** The peer says that our message was a response nobody waited for. */
  onRemoteUnexpectedResponse(id: number, text: string): void;
  onEnd(pipe: number, error: FlowIpcError): void;
}

/** What a segment costs beside its bytes: many tiny ones are no way round the limit. */
const SEGMENT_OVERHEAD = 128;

/** Never added to. */
const NO_BLOBS: MemoryPart[] = [];

export class PipeReader<T extends AnyStructType> implements FrameSink {
  readonly #owner: MessageOwner<T>;
  readonly #index: number;
  readonly #contents: PipeContents;
  readonly #serialization: Serialization;
  readonly #maxMessageBytes: number;
  readonly #events: PipeEvents<T>;
  readonly #metadata = emptyMetadata();
  #negotiated = false;
  #handle: NativeHandle | null = null;
  #missing = 0;
  #blobs: MemoryPart[] = NO_BLOBS;
  #held = 0;
  #ended = false;

  constructor(
    owner: MessageOwner<T>,
    index: number,
    contents: PipeContents,
    maxMessageBytes: number,
    events: PipeEvents<T>,
  ) {
    this.#owner = owner;
    this.#index = index;
    this.#contents = contents;
    this.#serialization = owner.serialization;
    this.#maxMessageBytes = maxMessageBytes;
    this.#events = events;
  }

  onMessage(buffer: ReceiveBuffer, offset: number, length: number, fd: number, owned: boolean): void {
    if (this.#ended) {
      if (fd >= 0) new NativeHandle(fd).close();
      return;
    }
    let message: MsgIn<T> | undefined;
    try {
      message = this.#onFrame(buffer, offset, length, fd, owned);
    } catch (err) {
      this.onEnd(
        err instanceof FlowIpcError
          ? err
          : new FlowIpcError(StructError.DESERIALIZE_FAILED, 'Malformed message from the peer', {
              cause: err,
            }),
      );
      return;
    }
    if (message) this.#events.onMessage(this.#index, message);
  }

  onEnd(error: FlowIpcError): void {
    if (this.#ended) return;
    this.stop();
    this.#events.onEnd(this.#index, error);
  }

  /** Forgets a half-received message. */
  stop(): void {
    this.#ended = true;
    this.#handle?.close();
    this.#handle = null;
    this.#blobs = NO_BLOBS;
  }

  #onFrame(
    buffer: ReceiveBuffer,
    at: number,
    length: number,
    fd: number,
    owned: boolean,
  ): MsgIn<T> | undefined {
    const handle = fd < 0 ? null : new NativeHandle(fd);
    if (this.#negotiated && this.#missing === 0) {
      this.#handle = handle;
      this.#onMetadata(buffer, at, length);
      return undefined;
    }
    if (handle) {
      handle.close();
      throw new FlowIpcError(StructError.GOT_HNDL, 'The peer sent a descriptor with a body segment');
    }
    if (length === 0) throw noBlob();
    if (this.#negotiated) return this.#onBodySegment(buffer, at, length, owned);
    this.#onNegotiation(buffer.bytes.subarray(at, at + length));
    return undefined;
  }

  #onNegotiation(bytes: Uint8Array): void {
    const hello = new MessageReader([bytes]).getRoot(ProtocolNegotiation);
    negotiate(hello.maxProtoVer, 'Structured channel');
    negotiate(hello.maxProtoVerAux, 'Structured channel, serialization');
    this.#negotiated = true;
  }

  #onMetadata(buffer: ReceiveBuffer, at: number, length: number): void {
    if (this.#handle === null) {
      if (this.#contents === 'handles') {
        throw new FlowIpcError(StructError.GOT_NO_HNDL, 'A message without a descriptor on the handles pipe');
      }
    } else if (this.#contents === 'blobs') {
      throw new FlowIpcError(TransportError.GOT_NON_BLOB, 'A message with a descriptor on the blobs pipe');
    }
    if (length === 0) throw noBlob();
    const m = this.#metadata;
    const place = this.#serialization.unwrapMetadata(buffer.bytes, buffer.view, at, length);
    readMetadata(place.bytes, place.view, place.at, place.length, m);
    this.#events.checkMetadata(this.#index, m);
    if (m.segments > 0) {
      this.#missing = m.segments;
      this.#held = 0;
    } else {
      this.#handle?.close();
      this.#handle = null;
      this.#events.onRemoteUnexpectedResponse(m.originatingId, m.unexpectedResponseText!);
    }
  }

  #onBodySegment(buffer: ReceiveBuffer, at: number, length: number, owned: boolean): MsgIn<T> | undefined {
    this.#held += length + SEGMENT_OVERHEAD;
    if (this.#held > this.#maxMessageBytes) {
      throw new FlowIpcError(
        StructError.DESERIALIZE_TARGET_ALLOC_FAILED,
        `A message of more than ${this.#maxMessageBytes} bytes (maxMessageBytes)`,
      );
    }
    const segment = owned ? new MemoryPart(new Memory(buffer.bytes), at, length) : copied(buffer, at, length);
    let blobs = this.#blobs;
    if (blobs.length > 0) blobs.push(segment);
    else {
      // Not pushed: that would make room for many, and most messages are of one.
      blobs = [segment];
      if (this.#missing > 1) this.#blobs = blobs;
    }
    if (--this.#missing > 0) return undefined;
    if (blobs.length > 1) this.#blobs = NO_BLOBS;
    const { openParts } = this.#serialization;
    return this.#complete(
      openParts
        ? this.#serialization.openParts!(blobs)
        : this.#serialization.openBody(blobs.map((part) => part.toBytes())),
    );
  }

  #complete(received: ReturnType<Serialization['openBody']>): MsgIn<T> {
    const { id, originatingId } = this.#metadata;
    const message = new MsgIn(this.#owner, received, this.#handle, id, originatingId, this.#held);
    this.#handle = null;
    try {
      if (received.segments.length === 0) {
        throw new FlowIpcError(StructError.INSUFFICIENT_SEGMENTS, 'A message without body segments');
      }
      // Reading the root now finds a malformed message here, not in the user's handler.
      void message.body;
    } catch (err) {
      message.release();
      throw err;
    }
    return message;
  }
}

const noBlob = () => new FlowIpcError(StructError.GOT_NO_BLOB, 'The peer sent a message of no bytes');

/** For segments that are short; a message that is kept keeps no more than this. */
const slab = new Slab(8 * 1024);

function copied({ bytes, view }: ReceiveBuffer, at: number, length: number): MemoryPart {
  try {
    return slab.copy(bytes, view, at, length);
  } catch (err) {
    throw new FlowIpcError(
      StructError.DESERIALIZE_TARGET_ALLOC_FAILED,
      `No memory for a segment of ${length} bytes`,
      { cause: err },
    );
  }
}
