// struc::Channel: typed messages, told apart by kind, requests and responses (section G of the features).
import { setTimeout as sleep } from 'node:timers/promises';
import { type BuilderOf, CapnpError, MessageBuilder, type WhichOf } from '@flow-ipc/capnp';
import {
  type AbortOptions,
  type AnyChannel,
  abortedError,
  FlowIpcError,
  PROTOCOL_VERSION,
  runEssentialTimers,
  type SenderPipe,
  TransportError,
} from '@flow-ipc/core';
import { StructError } from './errors.js';
import { Expectations } from './expectations.js';
import { ProtocolNegotiation } from './generated/structured-msg.capnp.js';
import { heapSerialization } from './heap-serialization.js';
import { MessageAssembler } from './message-assembler.js';
import { MessageIterator } from './message-iterator.js';
import { buildUnexpectedResponse, type Metadata, RESPONSE_METADATA_SIZE, writeMetadata } from './metadata.js';
import type { MsgIn } from './msg-in.js';
import { type AnyStructType, MsgOut } from './msg-out.js';
import { PendingResponses, timedOut } from './pending-responses.js';
import type { CreateMsgOptions, Serialization } from './serialization.js';
import { isNil, nilToken, randomToken, type SessionToken } from './session-token.js';

export interface StructuredChannelOptions {
  /** How bodies travel. @default heapSerialization */
  serialization?: Serialization;
  /** Token that both sides' messages carry. @default nil */
  sessionToken?: SessionToken;
  /** Start in log-in mode, as the side that asks or the one that answers. */
  logIn?: 'client' | 'server';
  /** Told once why the channel ended: peer gone, its sending ended, protocol broken. Not told of our own close(). */
  onError?: (error: FlowIpcError) => void;
  /** A response came that nobody waits for; the handler owns it. Without a handler it is released. */
  // biome-ignore lint/suspicious/noExplicitAny: the channel's own message type, which options do not carry.
  onUnexpectedResponse?: (message: MsgIn<any>) => void;
  /** The peer got a response from us (message `id`) that it did not wait for. */
  onRemoteUnexpectedResponse?: (id: number, text: string) => void;
  /** How many messages that nobody expects may wait before the channel gives up. @default 65536 */
  maxCachedMessages?: number;
}

export interface RequestOptions<T extends AnyStructType> extends AbortOptions {
  /** Gives up after so many milliseconds with ERR_FLOW_IPC_TIMEOUT; a late response is dropped. */
  timeoutMs?: number;
  /** The message that this request itself answers. */
  inResponseTo?: MsgIn<T>;
}

/** How long an orderly close waits for a peer that reads nothing. */
const CLOSE_PATIENCE_MS = 5000;

const scratch = new Uint8Array(RESPONSE_METADATA_SIZE);
const scratchView = new DataView(scratch.buffer);

/**
 * Takes a Channel over and starts at once. Messages are of one Cap'n Proto struct with an anonymous union, whose
 * member in use is the message's kind.
 *
 * After an error the channel is finished: sends throw it, what waits is rejected with it, and onError is told.
 */
export class StructuredChannel<T extends AnyStructType> implements AsyncDisposable {
  readonly type: T;
  readonly #channel: AnyChannel;
  readonly #sender: SenderPipe;
  readonly #serialization: Serialization;
  readonly #options: StructuredChannelOptions;
  readonly #expectations = new Expectations<MsgIn<T>>();
  readonly #responses = new PendingResponses<MsgIn<T>>();
  readonly #iterators = new Set<MessageIterator<MsgIn<T>>>();
  /** Messages that came while a synchronous request blocked: handled after it, in order. */
  readonly #deferred: MsgIn<T>[] = [];
  #syncRequests = 0;
  #phase: 'in' | 'log-in-client' | 'log-in-server';
  #logInKind = -1;
  #token: SessionToken;
  #lastId = 0;
  #error: FlowIpcError | undefined;

  constructor(channel: AnyChannel, type: T, options: StructuredChannelOptions = {}) {
    if (!type.union)
      throw new TypeError(`${type.name} has no anonymous union, so its messages cannot be told apart`);
    this.type = type;
    this.#channel = channel;
    // One pipe: the descriptors' if there is one, which takes blobs too.
    this.#sender = (channel.handleSender ?? channel.blobSender)!;
    this.#serialization = options.serialization ?? heapSerialization;
    this.#options = options;
    this.#phase = options.logIn ? `log-in-${options.logIn}` : 'in';
    this.#token = options.sessionToken ?? (options.logIn === 'server' ? randomToken() : nilToken());
    const assembler = new MessageAssembler(type, this.#serialization, {
      checkToken: (token, metadata) => this.#checkToken(token, metadata),
      onMessage: (message) => this.#onMessage(message),
      onRemoteUnexpectedResponse: (id, text) => {
        this.#callHandler(() => options.onRemoteUnexpectedResponse?.(id, text));
      },
      onEnd: (error) => this.#end(error),
    });
    this.#sender.startSend();
    const builder = new MessageBuilder();
    const hello = builder.initRoot(ProtocolNegotiation);
    hello.maxProtoVer = PROTOCOL_VERSION;
    hello.maxProtoVerAux = PROTOCOL_VERSION;
    this.#sender.send(builder.segments()[0]!);
    (channel.handleReceiver ?? channel.blobReceiver)!.startReceive(assembler);
  }

  /** The bundle below, for auto-ping, idle timer, credentials and counters. Do not send through it. */
  get ownedChannel(): AnyChannel {
    return this.#channel;
  }

  /** Nil until known (log-in client). */
  get sessionToken(): SessionToken {
    return this.#token;
  }

  get loggedIn(): boolean {
    return this.#phase === 'in';
  }

  /** Why the channel ended, if it did. */
  get error(): FlowIpcError | undefined {
    return this.#error;
  }

  createMsg(options: CreateMsgOptions = {}): MsgOut<T> {
    return new MsgOut(this.type, this.#serialization.newBody(this.#channel.maxBlobSize, options));
  }

  /** createMsg() for one-liners: fills the body and returns the message. */
  buildMsg(fill: (body: BuilderOf<T>) => void, options: CreateMsgOptions = {}): MsgOut<T> {
    const msg = this.createMsg(options);
    fill(msg.body);
    return msg;
  }

  /**
   * Sends a notification or, with `inResponseTo`, a response. Never blocks. Throws LEAF_TOO_BIG or
   * INVALID_ARGUMENT (nothing sent, the channel goes on) or the error that ended the channel.
   */
  send(msg: MsgOut<T>, inResponseTo?: MsgIn<T>): void {
    if (this.#phase === 'log-in-client' || (this.#phase === 'log-in-server' && !inResponseTo))
      throw this.#notLoggedIn();
    this.#send(msg, inResponseTo?.id ?? 0);
    this.#phase = 'in';
  }

  /** Sends a request; the response is the caller's to release. */
  request(msg: MsgOut<T>, options: RequestOptions<T> = {}): Promise<MsgIn<T>> {
    if (options.signal?.aborted) return Promise.reject(abortedError(options.signal));
    try {
      return this.#responses.wait(this.#sendRequest(msg, options), options);
    } catch (err) {
      return Promise.reject(err);
    }
  }

  /**
   * request() that blocks this thread until the response is there: the fastest round trip. Other messages that
   * come meanwhile are handled afterwards. Throws ERR_FLOW_IPC_TIMEOUT after `timeoutMs` (the channel goes on).
   */
  syncRequest(msg: MsgOut<T>, options: Omit<RequestOptions<T>, 'signal'> = {}): MsgIn<T> {
    const { timeoutMs } = options;
    const deadline = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    let response: MsgIn<T> | undefined;
    let failure: FlowIpcError | undefined;
    const id = this.#sendRequest(msg, options);
    this.#responses.add(id, { resolve: (m) => (response = m), reject: (e) => (failure = e) });
    this.#syncRequests++;
    try {
      while (!response && !failure) {
        const left = deadline - performance.now();
        if (left <= 0) {
          this.#responses.abandon(id);
          throw timedOut(timeoutMs!);
        }
        // Our pings on this and other channels of the thread must go on, or their peers give us up.
        this.#channel.waitReadable(Math.min(left, runEssentialTimers()));
      }
    } finally {
      if (--this.#syncRequests === 0 && this.#deferred.length > 0) setImmediate(() => this.#handleDeferred());
    }
    if (failure) throw failure;
    return response!;
  }

  /** Calls `handler` with the next message of the kind, which it then owns. Throws ALREADY_EXPECTED. */
  expectMsg(which: WhichOf<T>, handler: (message: MsgIn<T>) => void): void {
    this.#expectations.expect(this.#kindOf(which), true, handler);
  }

  /** The same for every message of the kind, until undoExpectMsgs(). The way with the lowest latency. */
  expectMsgs(which: WhichOf<T>, handler: (message: MsgIn<T>) => void): void {
    this.#expectations.expect(this.#kindOf(which), false, handler);
  }

  /** False when nothing was expected. Later messages of the kind are kept. */
  undoExpectMsgs(which: WhichOf<T>): boolean {
    return this.#expectations.undo(this.#kindOf(which));
  }

  /**
   * Messages of one kind as they come. Ends when the peer ends its sending or this side closes; throws when the
   * peer is lost. Leaving the loop releases what it did not see.
   */
  messages(which: WhichOf<T>, options: AbortOptions = {}): AsyncIterableIterator<MsgIn<T>, undefined> {
    const { signal } = options;
    if (signal?.aborted) {
      const nothing = new MessageIterator<MsgIn<T>>(() => {});
      nothing.end(abortedError(signal));
      return nothing;
    }
    const kind = this.#kindOf(which);
    const iterator = new MessageIterator<MsgIn<T>>(() => {
      this.#expectations.undo(kind);
      this.#iterators.delete(iterator);
    }, signal);
    this.#expectations.expect(kind, false, (message) => iterator.push(message));
    this.#iterators.add(iterator);
    if (this.#error) endIterator(iterator, this.#error);
    return iterator;
  }

  /** Log-in server: the kind of request that a client logs in with. */
  expectLogInRequest(which: WhichOf<T>, handler: (request: MsgIn<T>) => void): void {
    this.#logInKind = this.#kindOf(which);
    this.#expectations.expect(this.#logInKind, true, handler);
  }

  get queuedBytes(): number {
    return this.#channel.queuedBytes;
  }

  drained(): Promise<void> {
    return this.#channel.drained();
  }

  /** Ends sending behind all that was sent; settles once the kernel has it. Receiving goes on. */
  endSending(): Promise<void> {
    return this.#channel.endSending();
  }

  /**
   * Flushes, ends sending, and closes. What the peer still sends is lost. A peer that takes nothing any more is
   * waited for no longer than `timeoutMs`.
   */
  async closeGracefully(timeoutMs = CLOSE_PATIENCE_MS): Promise<void> {
    if (!this.#error) {
      const patience = new AbortController();
      const flushed = this.endSending().catch(() => {});
      await Promise.race([flushed, sleep(timeoutMs, undefined, patience).catch(() => {})]);
      patience.abort();
    }
    this.close();
  }

  /** Closes at once. Pending requests are rejected, iterations end. Idempotent. */
  close(): void {
    this.#finish(new FlowIpcError(TransportError.CLOSED, 'The channel was closed'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeGracefully();
  }

  #kindOf(which: WhichOf<T>): number {
    const kind = this.type.union!.names.indexOf(which as string);
    if (kind < 0) throw new TypeError(`${this.type.name} has no union member '${String(which)}'`);
    return kind;
  }

  #notLoggedIn(): FlowIpcError {
    return new FlowIpcError(
      StructError.NOT_LOGGED_IN,
      'Only the log-in may be exchanged before log-in is done',
    );
  }

  #sendRequest(msg: MsgOut<T>, options: { inResponseTo?: MsgIn<T> }): number {
    if (this.#phase === 'log-in-server' || (this.#phase === 'log-in-client' && this.#lastId > 0))
      throw this.#notLoggedIn();
    return this.#send(msg, options.inResponseTo?.id ?? 0);
  }

  #send(msg: MsgOut<T>, originatingId: number): number {
    if (this.#error) throw this.#error;
    const fd = msg.nativeHandle?.fd ?? -1;
    if (fd >= 0 && !this.#channel.handlesEnabled) {
      throw new FlowIpcError(TransportError.INVALID_ARGUMENT, 'This channel carries no descriptors');
    }
    const blobs = msg.emit(this.#channel.maxBlobSize);
    const id = ++this.#lastId;
    const size = writeMetadata(scratch, scratchView, id, blobs.length, originatingId, this.#token);
    this.#sender.cork();
    try {
      this.#sender.send(this.#serialization.wrapMetadata(scratch, size), fd);
      for (const blob of blobs) this.#sender.send(blob);
    } catch (err) {
      this.#end(err as FlowIpcError);
      throw err;
    } finally {
      this.#sender.uncork();
    }
    return id;
  }

  #checkToken(token: SessionToken, metadata: Metadata): void {
    if (this.#phase === 'log-in-client') {
      if (metadata.originatingId !== 1)
        throw new FlowIpcError(StructError.LOG_IN_MISUSED_SCHEMA, 'Not a log-in response');
      if (isNil(token))
        throw new FlowIpcError(StructError.BAD_AUTH, 'The log-in response has no session token');
      this.#token = token.slice();
      this.#phase = 'in';
      return;
    }
    if (this.#phase === 'log-in-server') {
      if (metadata.originatingId !== 0 || metadata.id !== 1) {
        throw new FlowIpcError(StructError.LOG_IN_MISUSED_SCHEMA, 'The first message is no log-in request');
      }
      if (!isNil(token))
        throw new FlowIpcError(StructError.BAD_AUTH, 'A log-in request cannot have a session token yet');
      return;
    }
    for (let i = 0; i < 16; i++) {
      if (token[i] !== this.#token[i])
        throw new FlowIpcError(StructError.BAD_AUTH, "A message with another session's token");
    }
  }

  #onMessage(message: MsgIn<T>): void {
    if (message.originatingId !== 0) this.#onResponse(message);
    else if (this.#syncRequests > 0 || this.#deferred.length > 0) this.#deferred.push(message);
    else this.#onUnsolicited(message);
  }

  #onResponse(message: MsgIn<T>): void {
    const outcome = this.#responses.settle(message.originatingId, message);
    if (outcome === 'late') message.release();
    else if (outcome === 'unexpected') this.#onUnexpectedResponse(message);
  }

  #onUnexpectedResponse(message: MsgIn<T>): void {
    const text = `message ${message.id} answers message ${message.originatingId}, for which nobody waits`;
    const bytes = buildUnexpectedResponse(message.id, text, this.#token);
    try {
      this.#sender.send(this.#serialization.wrapMetadata(bytes, bytes.length));
    } catch (err) {
      this.#end(err as FlowIpcError);
    }
    const handler = this.#options.onUnexpectedResponse;
    if (handler) this.#callHandler(() => handler(message));
    else message.release();
  }

  #onUnsolicited(message: MsgIn<T>): void {
    const kind = (message.body as { whichIndex: number }).whichIndex;
    if (this.#phase === 'log-in-server' && kind !== this.#logInKind) {
      message.release();
      this.#end(
        new FlowIpcError(StructError.UNEXPECTED_LOG_IN_REQUEST, 'The log-in request is of another kind'),
      );
      return;
    }
    if (this.#callHandler(() => this.#expectations.deliver(kind, message))) return;
    this.#expectations.keep(kind, message);
    if (this.#expectations.cached > (this.#options.maxCachedMessages ?? 65536)) {
      this.#end(
        new FlowIpcError(
          StructError.CACHE_LIMIT,
          `${this.#expectations.cached} messages came that nobody expects`,
        ),
      );
    }
  }

  /**
   * Runs a user's handler; its result, or true if it threw. A message that turns out malformed as it is read is
   * the peer's fault and ends the channel. Any other exception is the program's and surfaces as an uncaught one.
   */
  #callHandler(call: () => unknown): unknown {
    try {
      return call();
    } catch (err) {
      if (isMalformedMessage(err)) {
        this.#end(
          new FlowIpcError(StructError.DESERIALIZE_FAILED, 'Malformed message from the peer', { cause: err }),
        );
      } else {
        process.nextTick(() => {
          throw err;
        });
      }
      return true;
    }
  }

  #handleDeferred(): void {
    while (this.#deferred.length > 0 && this.#syncRequests === 0)
      this.#onUnsolicited(this.#deferred.shift()!);
  }

  /** The channel is over for a reason that its owner did not give. */
  #end(error: FlowIpcError): void {
    if (this.#error) return;
    this.#finish(error);
    const handler = this.#options.onError;
    if (handler) this.#callHandler(() => handler(error));
  }

  #finish(error: FlowIpcError): void {
    if (this.#error) return;
    this.#error = error;
    // The peer only ended its own sending: what we have queued for it still leaves.
    const flushFirst = error.code === TransportError.RECEIVES_FINISHED && this.queuedBytes > 0;
    if (flushFirst)
      this.drained().then(
        () => this.#channel.close(),
        () => this.#channel.close(),
      );
    else this.#channel.close();
    this.#responses.rejectAll(error);
    for (const iterator of [...this.#iterators]) endIterator(iterator, error);
    if (error.code === TransportError.CLOSED) {
      for (const message of this.#expectations.drain()) message.release();
      for (const message of this.#deferred.splice(0)) message.release();
    }
  }
}

function endIterator(iterator: { end(error?: unknown): void }, error: FlowIpcError): void {
  const orderly = error.code === TransportError.RECEIVES_FINISHED || error.code === TransportError.CLOSED;
  iterator.end(orderly ? undefined : error);
}

/** Reading the wrong member of a union is the reader's mistake; everything else a reader throws lies in the bytes. */
function isMalformedMessage(err: unknown): boolean {
  return err instanceof CapnpError && err.code !== 'ERR_FLOW_IPC_CAPNP_WRONG_UNION_MEMBER';
}
