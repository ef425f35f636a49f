// The sending half of a channel: ids, metadata, segments, and which pipe they take (features 94, 108, 110).
import { MessageBuilder } from '@flow-ipc/capnp';
import { FlowIpcError, PROTOCOL_VERSION, type SenderPipe, TransportError } from '@flow-ipc/core';
import { StructError } from './errors.js';
import { ProtocolNegotiation } from './generated/structured-msg.capnp.js';
import type { AnyStructType } from './kinds.js';
import { buildUnexpectedResponse, MetadataWriter } from './metadata.js';
import type { MsgIn } from './msg-in.js';
import type { MsgOut } from './msg-out.js';
import type { Routes } from './routes.js';
import type { Serialization } from './serialization.js';
import type { SessionToken } from './session-token.js';

/** One for all channels: what is written is sent before the next is. */
const metadataWriter = new MetadataWriter();

export class Outgoing<T extends AnyStructType> {
  readonly #routes: Routes;
  readonly #serialization: Serialization;
  #lastId = 0;
  #ended = false;

  constructor(routes: Routes, serialization: Serialization) {
    this.#routes = routes;
    this.#serialization = serialization;
  }

  /** The id of the last message sent; 0 before. */
  get lastId(): number {
    return this.#lastId;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The hello of every pipe. */
  negotiate(): void {
    const builder = new MessageBuilder();
    const hello = builder.initRoot(ProtocolNegotiation);
    hello.maxProtoVer = PROTOCOL_VERSION;
    hello.maxProtoVerAux = PROTOCOL_VERSION;
    const [bytes] = builder.segments();
    for (const pipe of this.#routes.out) pipe.send(bytes!);
  }

  /**
   * Sends a message; its id. After an error of which `broke` is told first, a part of it may have left; any other leaves
   * all as it was.
   */
  send(
    msg: MsgOut<T>,
    originatingId: number,
    token: SessionToken,
    broke: (error: FlowIpcError) => void,
  ): number {
    if (this.#ended)
      throw new FlowIpcError(TransportError.SENDS_FINISHED, 'Sending was ended by endSending()');
    const fd = descriptorOf(msg);
    const { handlesOut, plainOut } = this.#routes;
    if (fd >= 0 && !handlesOut) throw invalid('This channel carries no descriptors');
    const pipe = fd < 0 ? plainOut : handlesOut!;
    const blobs = msg.emit(this.#routes.maxBlobSize, this.#serialization);
    const id = this.#lastId + 1;
    const metadata = this.#wrapMetadata(msg, blobs, id, originatingId, token);
    pipe.cork();
    try {
      this.#sendLead(pipe, msg, metadata, fd);
      this.#lastId = id;
      for (let i = 0; i < blobs.length; i++) pipe.send(blobs[i]!);
    } catch (err) {
      // Unless something of it left, the message, not the channel, is at fault.
      if (this.#lastId === id || pipe.sendError) broke(err as FlowIpcError);
      throw err;
    } finally {
      // An error has closed the pipe.
      if (!pipe.closed) pipe.uncork();
    }
    return id;
  }

  /** Tells the peer that nobody waits for a response of its own. Throws what ends the channel. */
  reportUnexpected(message: MsgIn<T>, token: SessionToken): void {
    if (this.#ended) return;
    const text = `Your message ${message.id} answers our message ${message.originatingId}, for which nobody waits: ${message}`;
    const bytes = buildUnexpectedResponse(message.id, text, token);
    this.#routes.plainOut.send(this.#serialization.wrapMetadata(bytes, bytes.length));
  }

  /** Nothing more will be sent; ending the pipes is the caller's. */
  markEnded(): void {
    this.#ended = true;
  }

  /** Ends sending behind all that was sent, on every pipe. */
  end(): void {
    this.#ended = true;
    for (const pipe of this.#routes.out) pipe.endSending();
  }

  /** True when the kernel has taken all that was sent; otherwise calls back once it has, or never will. */
  whenSent(callback: (error?: FlowIpcError) => void): boolean {
    const waiting = this.#routes.out.filter((pipe) => pipe.queuedBytes > 0 && !pipe.sendError);
    let left = waiting.length;
    let first: FlowIpcError | undefined;
    for (const pipe of waiting) {
      pipe.onceDrained((error) => {
        first ??= error;
        // Closing is not reported in the pattern that this is for.
        if (--left === 0 && !pipe.closed) callback(first);
      });
    }
    return waiting.length === 0;
  }

  #wrapMetadata(
    msg: MsgOut<T>,
    blobs: Uint8Array[],
    id: number,
    originatingId: number,
    token: SessionToken,
  ): Uint8Array {
    const max = this.#routes.maxBlobSize;
    try {
      for (let i = 0; i < blobs.length; i++) checkBlob(blobs[i]!, max);
      if (blobs.length === 0) throw new TypeError('A serialization made no segments of a message');
      const size = metadataWriter.write(id, blobs.length, originatingId, token);
      return this.#serialization.wrapMetadata(metadataWriter.bytes, size);
    } catch (err) {
      msg.retract();
      throw err;
    }
  }

  #sendLead(pipe: SenderPipe, msg: MsgOut<T>, metadata: Uint8Array, fd: number): void {
    try {
      pipe.send(metadata, fd);
    } catch (err) {
      msg.retract();
      this.#unwrap(metadata);
      throw err;
    }
  }

  /** Takes back metadata that was not sent: in shared memory it is the receiver's to free, which nobody will be. */
  #unwrap(metadata: Uint8Array): void {
    if (this.#serialization.retractMetadata) {
      this.#serialization.retractMetadata();
      return;
    }
    const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.length);
    try {
      this.#serialization.unwrapMetadata(metadata, view, 0, metadata.length);
    } catch {
      // Already thrown for a better reason.
    }
  }
}

const invalid = (what: string) => new FlowIpcError(TransportError.INVALID_ARGUMENT, what);

/** The message's descriptor; -1 when there is none. */
function descriptorOf<T extends AnyStructType>(msg: MsgOut<T>): number {
  const handle = msg.nativeHandle;
  if (handle === null) return -1;
  if (handle.fd < 0) throw invalid('The descriptor of the message was closed or taken');
  return handle.fd;
}

/** What a user's serialization makes must fit the pipe; ours always does. */
function checkBlob(blob: Uint8Array, max: number): void {
  if (blob.length > 0 && blob.length <= max) return;
  throw new FlowIpcError(
    StructError.LEAF_TOO_BIG,
    `A serialization made a segment of ${blob.length} bytes where 1 to ${max} fit`,
  );
}
