// From frames to messages: negotiation, then metadata and body segments in turn (protocol 3.2, 3.3).
import { MessageReader } from '@flow-ipc/capnp';
import { FlowIpcError, type FrameSink, NativeHandle, negotiate, type ReceiveBuffer } from '@flow-ipc/core';
import { StructError } from './errors.js';
import { ProtocolNegotiation } from './generated/structured-msg.capnp.js';
import { type Metadata, readMetadata } from './metadata.js';
import { MsgIn } from './msg-in.js';
import type { AnyStructType } from './msg-out.js';
import type { Serialization } from './serialization.js';
import type { SessionToken } from './session-token.js';

export interface AssemblerEvents<T extends AnyStructType> {
  /** Called with each message's token before its body is looked at; throws to refuse it. */
  checkToken(token: SessionToken, metadata: Metadata): void;
  onMessage(message: MsgIn<T>): void;
  /** The peer says that our message was a response nobody waited for. */
  onRemoteUnexpectedResponse(id: number, text: string): void;
  onEnd(error: FlowIpcError): void;
}

export class MessageAssembler<T extends AnyStructType> implements FrameSink {
  readonly #type: T;
  readonly #serialization: Serialization;
  readonly #events: AssemblerEvents<T>;
  readonly #metadata: Metadata = { id: 0, originatingId: 0, segments: 0, unexpectedResponseText: undefined };
  #negotiated = false;
  #lastId = 0;
  #handle: NativeHandle | null = null;
  #missing = 0;
  #blobs: Uint8Array[] = [];
  #ended = false;

  constructor(type: T, serialization: Serialization, events: AssemblerEvents<T>) {
    this.#type = type;
    this.#serialization = serialization;
    this.#events = events;
  }

  onMessage(buffer: ReceiveBuffer, offset: number, length: number, fd: number, owned: boolean): void {
    let message: MsgIn<T> | undefined;
    try {
      message = this.#onFrame(buffer, offset, length, fd, owned);
    } catch (err) {
      this.#handle?.close();
      this.onEnd(
        err instanceof FlowIpcError
          ? err
          : new FlowIpcError(StructError.DESERIALIZE_FAILED, 'Malformed message from the peer', {
              cause: err,
            }),
      );
      return;
    }
    if (message) this.#events.onMessage(message);
  }

  onEnd(error: FlowIpcError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#events.onEnd(error);
  }

  #onFrame(
    buffer: ReceiveBuffer,
    at: number,
    length: number,
    fd: number,
    owned: boolean,
  ): MsgIn<T> | undefined {
    if (!this.#negotiated || this.#missing > 0) {
      if (fd >= 0) {
        new NativeHandle(fd).close();
        throw new FlowIpcError(StructError.MISUSED_SCHEMA, 'The peer sent a descriptor with a body segment');
      }
      const bytes = buffer.bytes.subarray(at, at + length);
      if (this.#negotiated) return this.#onBodySegment(owned ? bytes : bytes.slice());
      this.#onNegotiation(bytes);
      return undefined;
    }
    this.#handle = fd >= 0 ? new NativeHandle(fd) : null;
    this.#onMetadata(buffer, at, length);
    return undefined;
  }

  #onNegotiation(bytes: Uint8Array): void {
    const hello = new MessageReader([bytes]).getRoot(ProtocolNegotiation);
    negotiate(hello.maxProtoVer, 'Structured channel');
    negotiate(hello.maxProtoVerAux, 'Structured channel, serialization');
    this.#negotiated = true;
  }

  #onMetadata(buffer: ReceiveBuffer, at: number, length: number): void {
    const m = this.#metadata;
    const {
      bytes,
      view,
      at: start,
      length: size,
    } = this.#serialization.unwrapMetadata(buffer.bytes, buffer.view, at, length);
    const token = readMetadata(bytes, view, start, size, m);
    this.#events.checkToken(token, m);
    if (m.segments > 0) {
      if (m.id !== this.#lastId + 1) {
        throw new FlowIpcError(
          StructError.MISUSED_SCHEMA,
          `Message ${m.id} came where ${this.#lastId + 1} was due`,
        );
      }
      this.#lastId = m.id;
      this.#missing = m.segments;
    } else {
      this.#handle?.close();
      this.#handle = null;
      this.#events.onRemoteUnexpectedResponse(m.originatingId, m.unexpectedResponseText ?? '');
    }
  }

  #onBodySegment(bytes: Uint8Array): MsgIn<T> | undefined {
    this.#blobs.push(bytes);
    if (--this.#missing > 0) return undefined;
    const blobs = this.#blobs;
    this.#blobs = [];
    const { id, originatingId } = this.#metadata;
    const received = this.#serialization.openBody(blobs);
    const message = new MsgIn(this.#type, received, this.#handle, id, originatingId);
    this.#handle = null;
    try {
      // Reading the root now finds a malformed message here, not in the user's handler.
      void message.body;
    } catch (err) {
      message.release();
      throw err;
    }
    return message;
  }
}
