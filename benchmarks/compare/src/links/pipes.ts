// Ours, the lowest layer: whole messages over a pair of pipes of any kind, driven by the event loop or blocking.
import { type FrameSink, type ReceiverPipe, type SenderPipe, waitForPipes } from '@flow-ipc/core';
import { Kind, kindOf, Message, NOTE_SIZE } from '../peer/message.js';
import { Responder } from '../peer/responder.js';
import { fileAsBytes, fileFromBytes } from './capnp-file.js';
import { ignore, type Link, type Server, type Setting } from './link.js';
import { Assembler, pieces } from './pieces.js';

export interface Pipes {
  sender: SenderPipe;
  receiver: ReceiverPipe;
}

/** Queued beyond this, the sender waits: a socket takes about 200 KiB by itself. */
const QUEUE_LIMIT = 1024 * 1024;

/** Whole messages, either way; those longer than the pipe takes go in pieces. */
class Connection {
  readonly #sender: SenderPipe;
  readonly #receiver: ReceiverPipe;
  readonly #all: (SenderPipe | ReceiverPipe)[];
  #ended = false;

  constructor({ sender, receiver }: Pipes, onMessage: (bytes: Uint8Array) => void) {
    this.#sender = sender;
    this.#receiver = receiver;
    // A socket stream is both.
    this.#all = (sender as unknown) === receiver ? [receiver] : [receiver, sender];
    const assembler = new Assembler(onMessage);
    const sink: FrameSink = {
      onMessage: (buffer, offset, length) => assembler.take(buffer.bytes.subarray(offset, offset + length)),
      onEnd: () => {
        this.#ended = true;
      },
    };
    sender.startSend();
    receiver.startReceive(sink);
  }

  /** The promise: more is queued than should be. */
  send(bytes: Uint8Array): Promise<void> | undefined {
    const sender = this.#sender;
    if (bytes.length > sender.maxSendSize) return this.#sendPieces(bytes);
    sender.send(bytes);
    return sender.queuedBytes > QUEUE_LIMIT ? sender.drained() : undefined;
  }

  async #sendPieces(bytes: Uint8Array): Promise<void> {
    const sender = this.#sender;
    for (const piece of pieces(bytes, sender.maxSendSize)) {
      sender.send(piece);
      if (sender.queuedBytes > QUEUE_LIMIT) await sender.drained();
    }
  }

  sendBlocking(bytes: Uint8Array): void {
    const sender = this.#sender;
    for (const piece of pieces(bytes, sender.maxSendSize)) {
      sender.send(piece);
      while (sender.queuedBytes > QUEUE_LIMIT) this.wait();
    }
  }

  /** Blocks until something came or could leave. */
  wait(): void {
    if (this.#ended) throw new Error('the other side is gone');
    // Nothing to send: one descriptor is enough to wait for.
    waitForPipes(this.#sender.queuedBytes > 0 ? this.#all : [this.#receiver], Number.POSITIVE_INFINITY);
  }

  close(): void {
    for (const pipe of this.#all) pipe.close();
  }
}

/** Serves every pair of pipes that it is given. */
export class PipeServer implements Server {
  readonly #setting: Setting;
  readonly #close: () => void;
  readonly #connections: Connection[] = [];
  readonly #responders: Responder[] = [];
  #blocking = false;

  /** @param close ends whatever brings further pipes */
  constructor(setting: Setting, close: () => void) {
    this.#setting = setting;
    this.#close = close;
  }

  add(pipes: Pipes): void {
    const responder = new Responder(this.#setting.size);
    const connection: Connection = new Connection(pipes, (bytes) => {
      const answer = responder.answerTo(bytes, fileAsBytes);
      if (!answer) return;
      if (this.#blocking) connection.sendBlocking(answer);
      else void connection.send(answer);
    });
    this.#connections.push(connection);
    this.#responders.push(responder);
  }

  serveBatch(): void {
    const connection = this.#connections[0]!;
    const responder = this.#responders[0]!;
    this.#blocking = true;
    while (!responder.ended) connection.wait();
    responder.ended = false;
    this.#blocking = false;
  }

  async close(): Promise<void> {
    this.#close();
    for (const connection of this.#connections) connection.close();
  }
}

export class PipeLink implements Link {
  readonly blocking: boolean;
  onReply: Link['onReply'] = ignore;
  onFile: Link['onFile'] = ignore;
  readonly #connection: Connection;
  readonly #request = Message.ofSize(NOTE_SIZE);
  #replies = 0;

  constructor(setting: Setting, pipes: Pipes) {
    this.blocking = setting.blocking;
    this.#connection = new Connection(pipes, (bytes) => {
      this.#replies++;
      if (kindOf(bytes) === Kind.FETCH) this.onFile(fileFromBytes(bytes));
      else this.onReply(bytes);
    });
  }

  send(bytes: Uint8Array): void {
    if (this.blocking) {
      const before = this.#replies;
      this.#connection.sendBlocking(bytes);
      while (this.#replies === before) this.#connection.wait();
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
    this.#connection.wait();
  }

  fetch(last: boolean): void {
    this.#request.stamp(0, Kind.FETCH, last);
    this.send(this.#request.bytes);
  }

  closePipes(): void {
    this.#connection.close();
  }

  async close(): Promise<void> {
    this.closePipes();
  }
}
