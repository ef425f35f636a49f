// Ours, the lowest layer: messages of up to 65,534 bytes over a socket stream; larger ones go in pieces.
import { basename } from 'node:path';
import {
  type FrameSink,
  MAX_BLOB_SIZE,
  NativeSocketStream,
  NativeSocketStreamAcceptor,
} from '@flow-ipc/core';
import { Kind, kindOf, Message, NOTE_SIZE } from '../peer/message.js';
import { Responder } from '../peer/responder.js';
import { fileAsBytes, fileFromBytes } from './capnp-file.js';
import { ignore, type Link, type Server, type Setting } from './link.js';
import { Assembler, pieces } from './pieces.js';

/** Queued beyond this, the sender waits: a socket takes about 200 KiB by itself. */
const QUEUE_LIMIT = 1024 * 1024;

const name = ({ runDir }: Setting) => `flow-ipc-compare-${basename(runDir)}`;

/** Whole messages over a stream, either way. */
class Connection {
  readonly #stream: NativeSocketStream;
  ended = false;

  constructor(stream: NativeSocketStream, onMessage: (bytes: Uint8Array) => void) {
    this.#stream = stream;
    const assembler = new Assembler(onMessage);
    const sink: FrameSink = {
      onMessage: (buffer, offset, length) => assembler.take(buffer.bytes.subarray(offset, offset + length)),
      onEnd: () => {
        this.ended = true;
      },
    };
    stream.startSend();
    stream.startReceive(sink);
  }

  /** The promise: more is queued than should be. */
  send(bytes: Uint8Array): Promise<void> | undefined {
    const { sender } = this.#stream;
    if (bytes.length > MAX_BLOB_SIZE) return this.#sendPieces(bytes);
    sender.send(bytes);
    return sender.queuedBytes > QUEUE_LIMIT ? sender.drained() : undefined;
  }

  async #sendPieces(bytes: Uint8Array): Promise<void> {
    const { sender } = this.#stream;
    for (const piece of pieces(bytes, MAX_BLOB_SIZE)) {
      sender.send(piece);
      if (sender.queuedBytes > QUEUE_LIMIT) await sender.drained();
    }
  }

  sendBlocking(bytes: Uint8Array): void {
    const { sender } = this.#stream;
    for (const piece of pieces(bytes, MAX_BLOB_SIZE)) {
      sender.send(piece);
      while (sender.queuedBytes > QUEUE_LIMIT) this.wait();
    }
  }

  /** Blocks until something came or could leave. */
  wait(): void {
    if (this.ended) throw new Error('the other side is gone');
    this.#stream.waitReadable(Number.POSITIVE_INFINITY);
  }

  close(): void {
    this.#stream.close();
  }
}

class RawServer implements Server {
  readonly #setting: Setting;
  readonly #acceptor: NativeSocketStreamAcceptor;
  readonly #connections: Connection[] = [];
  readonly #responders: Responder[] = [];
  #blocking = false;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#acceptor = new NativeSocketStreamAcceptor(name(setting));
    void this.#accept();
  }

  async #accept(): Promise<void> {
    for (;;) {
      const stream = await this.#acceptor.accept().catch(() => undefined);
      if (!stream) return;
      const responder = new Responder(this.#setting.size);
      const connection: Connection = new Connection(stream, (bytes) => {
        const answer = responder.answerTo(bytes, fileAsBytes);
        if (!answer) return;
        if (this.#blocking) connection.sendBlocking(answer);
        else void connection.send(answer);
      });
      this.#connections.push(connection);
      this.#responders.push(responder);
    }
  }

  serveBatch(): void {
    const [connection] = this.#connections;
    const [responder] = this.#responders;
    this.#blocking = true;
    while (!responder!.ended) connection!.wait();
    responder!.ended = false;
    this.#blocking = false;
  }

  async close(): Promise<void> {
    this.#acceptor.close();
    for (const connection of this.#connections) connection.close();
  }
}

class RawLink implements Link {
  readonly blocking: boolean;
  onReply: Link['onReply'] = ignore;
  onFile: Link['onFile'] = ignore;
  readonly #connection: Connection;
  readonly #request = Message.ofSize(NOTE_SIZE);
  #replies = 0;

  constructor(setting: Setting) {
    this.blocking = setting.blocking;
    this.#connection = new Connection(NativeSocketStream.connect(name(setting)), (bytes) => {
      this.#replies++;
      if (kindOf(bytes) === Kind.FETCH) this.onFile(fileFromBytes(bytes));
      else this.onReply(bytes);
    });
  }

  send(bytes: Uint8Array): void {
    if (this.blocking) {
      this.#connection.sendBlocking(bytes);
      this.waitForReply();
    } else {
      void this.#connection.send(bytes);
    }
  }

  push(bytes: Uint8Array): Promise<void> | undefined {
    if (!this.blocking) return this.#connection.send(bytes);
    this.#connection.sendBlocking(bytes);
    return undefined;
  }

  waitForReply(): void {
    const before = this.#replies;
    while (this.#replies === before) this.#connection.wait();
  }

  fetch(last: boolean): void {
    this.#request.stamp(0, Kind.FETCH, last);
    this.send(this.#request.bytes);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }
}

export const serve = async (setting: Setting): Promise<Server> => new RawServer(setting);
export const connect = async (setting: Setting): Promise<Link> => new RawLink(setting);
