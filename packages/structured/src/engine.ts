// The structured protocol of one channel, whoever drives it: phases, ids, tokens, routing, expectations.
//
// No promise, no event loop, no blocking call is in here: the asynchronous and the sync_io form are both made of it.
import { CapnpError, MessageBuilder } from '@flow-ipc/capnp';
import {
  type AnyChannel,
  FlowIpcError,
  PROTOCOL_VERSION,
  type SenderPipe,
  TransportError,
} from '@flow-ipc/core';
import { Backlog, type BacklogLimits, checked } from './backlog.js';
import { type Counters, noCounts, type StructuredCounters } from './counters.js';
import { publish, topics } from './diagnostics.js';
import { StructError } from './errors.js';
import { Expectations } from './expectations.js';
import { ProtocolNegotiation } from './generated/structured-msg.capnp.js';
import { heapSerialization } from './heap-serialization.js';
import type { AnyStructType, KindOf } from './kinds.js';
import { buildUnexpectedResponse, type Metadata, MetadataWriter } from './metadata.js';
import type { MsgIn } from './msg-in.js';
import type { MsgOut } from './msg-out.js';
import { PipeReader } from './pipe-reader.js';
import { Reordering } from './reordering.js';
import { type ResponseExpectation, Responses } from './responses.js';
import { Routes } from './routes.js';
import type { BodyBuilder, CreateMsgOptions, Serialization } from './serialization.js';
import {
  isNil,
  isToken,
  nilToken,
  randomToken,
  type SessionToken,
  type TokenWords,
  wordsOf,
} from './session-token.js';

export interface EngineOptions extends BacklogLimits {
  /** How bodies travel. @default heapSerialization */
  serialization?: Serialization;
  /** Token that both sides' messages carry. @default nil */
  sessionToken?: SessionToken;
  /** Start in log-in mode, as the side that asks or the one that answers. */
  logIn?: 'client' | 'server';
  /** Longest message that is taken in through the pipe, in bytes: shared memory does not count. @default 2 GiB */
  maxMessageBytes?: number;
}

export type UnexpectedResponseHandler<T extends AnyStructType> = (message: MsgIn<T>) => unknown;
export type RemoteUnexpectedResponseHandler = (id: number, text: string) => unknown;

export type Phase = 'logged-in' | 'log-in-client' | 'log-in-server';

/** One for all channels: what is written is sent before the next is. */
const metadataWriter = new MetadataWriter();

export class Engine<T extends AnyStructType> {
  readonly type: T;
  readonly channel: AnyChannel;
  readonly serialization: Serialization;
  readonly backlog: Backlog;
  readonly counts: Counters = noCounts();
  readonly #routes: Routes;
  readonly #readers: PipeReader<T>[];
  readonly #order: Reordering<MsgIn<T>>;
  readonly #expectations: Expectations<MsgIn<T>>;
  readonly #responses = new Responses<MsgIn<T>>();
  /** Messages that came while the owner blocked: handled after it, in order. */
  readonly #held: MsgIn<T>[] = [];
  readonly #heldNotices: (() => void)[] = [];
  #holds = 0;
  #openPipes: number;
  #phase: Phase;
  #logInKind = -1;
  #token: SessionToken;
  #tokenWords: TokenWords;
  #lastId = 0;
  #started = false;
  #sendingEnded = false;
  #error: FlowIpcError | undefined;
  /** The error was told to those who wait for messages. */
  #settled = false;
  #onError: ((error: FlowIpcError) => unknown) | undefined;
  #onUnexpectedResponse: UnexpectedResponseHandler<T> | undefined;
  #onRemoteUnexpectedResponse: RemoteUnexpectedResponseHandler | undefined;
  readonly #onSettled: (error: FlowIpcError) => void;

  /** `onSettled` hears that the channel is over when the last message has been handed out. */
  constructor(
    channel: AnyChannel,
    type: T,
    options: EngineOptions,
    onSettled: (error: FlowIpcError) => void = () => {},
  ) {
    if (!type.union || type.union.names.length < 2)
      throw new TypeError(`${type.name} has no anonymous union, so its messages cannot be told apart`);
    const { sessionToken, logIn } = options;
    if (logIn !== undefined && logIn !== 'client' && logIn !== 'server')
      throw new TypeError(`logIn is 'client' or 'server', not ${String(logIn)}`);
    if (
      sessionToken &&
      (logIn === 'client' || !(sessionToken instanceof Uint8Array) || sessionToken.length !== 16)
    )
      throw new TypeError('A session token is 16 bytes, and a log-in client has none yet');
    const maxMessageBytes = checked('maxMessageBytes', options.maxMessageBytes ?? 2 ** 31);
    this.type = type;
    this.channel = channel;
    this.serialization = options.serialization ?? heapSerialization;
    this.backlog = new Backlog(options);
    this.#expectations = new Expectations(this.backlog);
    this.#phase = logIn ? `log-in-${logIn}` : 'logged-in';
    this.#token =
      (sessionToken && new Uint8Array(sessionToken)) ?? (logIn === 'server' ? randomToken() : nilToken());
    this.#tokenWords = wordsOf(this.#token);
    this.#onSettled = onSettled;
    this.#routes = new Routes(channel);
    this.#openPipes = this.#routes.in.length;
    this.#order = new Reordering(this.#openPipes, this.backlog);
    const events = {
      checkMetadata: (pipe: number, metadata: Metadata) => this.#checkMetadata(pipe, metadata),
      onMessage: (pipe: number, message: MsgIn<T>) => this.#onMessage(pipe, message),
      onRemoteUnexpectedResponse: (id: number, text: string) => this.#onRemoteUnexpected(id, text),
      onEnd: (pipe: number, error: FlowIpcError) => this.#onPipeEnd(pipe, error),
    };
    this.#readers = this.#routes.in.map(
      ({ contents }, i) => new PipeReader(this, i, contents, maxMessageBytes, events),
    );
    const builder = new MessageBuilder();
    const hello = builder.initRoot(ProtocolNegotiation);
    hello.maxProtoVer = PROTOCOL_VERSION;
    hello.maxProtoVerAux = PROTOCOL_VERSION;
    for (const pipe of this.#routes.out) pipe.send(builder.segments()[0]!);
    if (topics.open.hasSubscribers) publish('open', { channel, type: type.name, phase: this.#phase });
  }

  /**
   * Begins to receive. False when called before. `onError` hears once why the channel ended, unless a call threw it.
   * With `poll`, what is there already is handled before this returns.
   */
  start(onError: ((error: FlowIpcError) => unknown) | undefined, poll = false): boolean {
    if (this.#started) return false;
    this.#started = true;
    this.#onError = onError;
    for (let i = 0; i < this.#readers.length && !this.#error; i++) {
      const { pipe } = this.#routes.in[i]!;
      if (!pipe.startReceive(this.#readers[i]!, poll))
        throw new TypeError('Somebody receives from this channel already');
      if (poll) pipe.resumeReceiveNow();
    }
    return true;
  }

  get started(): boolean {
    return this.#started;
  }

  get token(): SessionToken {
    return this.#token;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get error(): FlowIpcError | undefined {
    return this.#error;
  }

  /** Whether the channel is over and all that came before has been handed out. */
  get settled(): boolean {
    return this.#settled;
  }

  get counters(): StructuredCounters {
    const { backlog } = this;
    return {
      ...this.counts,
      pendingRequests: this.#responses.pending,
      cachedMessages: this.#expectations.cached,
      waitingMessages: backlog.messages,
      waitingBytes: backlog.bytes,
    };
  }

  newBody(options: CreateMsgOptions): BodyBuilder {
    return this.serialization.newBody(this.#routes.maxBlobSize, options);
  }

  kindOf(which: KindOf<T>): number {
    const kind = this.type.union!.names.indexOf(which as string);
    if (kind < 0) throw new TypeError(`${this.type.name} has no union member '${String(which)}'`);
    return kind;
  }

  /** Sends a notification, or a response. */
  send(msg: MsgOut<T>, inResponseTo: MsgIn<T> | undefined): void {
    const originatingId = this.#originOf(inResponseTo);
    if (this.#phase !== 'logged-in' && (this.#phase === 'log-in-client' || originatingId === 0)) {
      throw this.#notLoggedIn();
    }
    this.#send(msg, originatingId);
    this.#phase = 'logged-in';
  }

  /** Sends a request; its id. Responses go to `expectation`. */
  request(
    msg: MsgOut<T>,
    inResponseTo: MsgIn<T> | undefined,
    expectation: ResponseExpectation<MsgIn<T>>,
  ): number {
    const originatingId = this.#originOf(inResponseTo);
    if (this.#phase !== 'logged-in' && (this.#phase === 'log-in-server' || this.#lastId > 0)) {
      throw this.#notLoggedIn();
    }
    const id = this.#send(msg, originatingId);
    this.counts.requestsSent++;
    // A send that fails ends the channel, and what waits with it; so this is added only now.
    this.#responses.add(id, expectation);
    return id;
  }

  undoExpectResponses(id: number): boolean {
    return this.#responses.undo(id);
  }

  abandonRequest(id: number): void {
    this.#responses.abandon(id);
  }

  /** Throws ALREADY_EXPECTED, NOT_LOGGED_IN. Messages in the cache are delivered from within, oldest first. */
  expect(which: KindOf<T>, once: boolean, handler: (message: MsgIn<T>) => unknown): void {
    const kind = this.kindOf(which);
    this.#checkLoggedIn();
    const expectation = this.#expectations.expect(kind, once, handler);
    while (this.#expectations.stands(kind, expectation)) {
      const message = this.#expectations.take(kind);
      if (!message) return;
      if (once) this.#expectations.undo(kind);
      this.#callHandler(handler, message);
    }
  }

  /** The same, but messages in the cache are returned; a one-off expectation that they meet is not made. */
  expectOrTake(which: KindOf<T>, once: boolean, handler: (message: MsgIn<T>) => unknown): MsgIn<T>[] {
    const kind = this.kindOf(which);
    this.#checkLoggedIn();
    this.#expectations.expect(kind, once, handler);
    const taken: MsgIn<T>[] = [];
    for (let m = this.#expectations.take(kind); m; m = this.#expectations.take(kind)) {
      taken.push(m);
      if (!once) continue;
      this.#expectations.undo(kind);
      break;
    }
    return taken;
  }

  undoExpect(which: KindOf<T>): boolean {
    return this.#expectations.undo(this.kindOf(which));
  }

  /**
   * Log-in server: the request that came already, or undefined when `handler` will get it. With `deliver`, the
   * handler gets it in either case.
   */
  expectLogInRequest(
    which: KindOf<T>,
    handler: (request: MsgIn<T>) => unknown,
    deliver: boolean,
  ): MsgIn<T> | undefined {
    const kind = this.kindOf(which);
    if (this.#phase !== 'log-in-server')
      throw new FlowIpcError(StructError.NOT_LOGGED_IN, 'This channel is not in the log-in server phase');
    if (this.#logInKind >= 0)
      throw new FlowIpcError(StructError.ALREADY_EXPECTED, 'The log-in request is expected already');
    this.#logInKind = kind;
    for (const cached of this.#expectations.cachedKinds()) {
      if (cached !== kind) {
        this.#fail(otherLogIn());
        return undefined;
      }
      const request = this.#expectations.take(kind)!;
      if (!deliver) return request;
      this.#callHandler(handler, request);
      return undefined;
    }
    this.#expectations.expect(kind, true, handler);
    return undefined;
  }

  setUnexpectedResponseHandler(handler: UnexpectedResponseHandler<T>): boolean {
    if (this.#onUnexpectedResponse) return false;
    this.#onUnexpectedResponse = handler;
    return true;
  }

  unsetUnexpectedResponseHandler(): boolean {
    const was = this.#onUnexpectedResponse !== undefined;
    this.#onUnexpectedResponse = undefined;
    return was;
  }

  setRemoteUnexpectedResponseHandler(handler: RemoteUnexpectedResponseHandler): boolean {
    if (this.#onRemoteUnexpectedResponse) return false;
    this.#onRemoteUnexpectedResponse = handler;
    return true;
  }

  unsetRemoteUnexpectedResponseHandler(): boolean {
    const was = this.#onRemoteUnexpectedResponse !== undefined;
    this.#onRemoteUnexpectedResponse = undefined;
    return was;
  }

  /** From now on messages are held back, but for the responses that a blocked caller waits for. */
  hold(): void {
    this.#holds++;
  }

  /** Undoes one hold(). True when that was the last and deliverHeld() has something to do. */
  release(): boolean {
    this.#holds--;
    if (this.#holds > 0) return false;
    return (
      this.#held.length > 0 || this.#heldNotices.length > 0 || (this.#error !== undefined && !this.#settled)
    );
  }

  deliverHeld(): void {
    while (this.#heldNotices.length > 0 && this.#holds === 0) this.#heldNotices.shift()!();
    while (this.#held.length > 0 && this.#holds === 0) {
      const message = this.#held.shift()!;
      this.backlog.remove(message.heldBytes);
      this.#handle(message);
    }
    if (this.#error && this.#holds === 0) this.#settle(this.#error);
  }

  /** Ends sending behind all that was sent, on every pipe. */
  endSending(): Promise<void> {
    this.#sendingEnded = true;
    return this.channel.endSending();
  }

  /** The same without a promise. False when it was ended before, or the channel is over. */
  endSendingNow(): boolean {
    if (this.#error || this.#sendingEnded) return false;
    this.#sendingEnded = true;
    for (const pipe of this.#routes.out) pipe.endSending();
    return true;
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
        if (--left === 0 && !pipe.closed) this.#callHandler(callback, first);
      });
    }
    return waiting.length === 0;
  }

  close(): void {
    this.#finish(new FlowIpcError(TransportError.CLOSED, 'The channel was closed'));
  }

  /** Ends the channel by an error that no call of the owner throws. */
  #fail(error: FlowIpcError): void {
    if (this.#error) return;
    // A blocked caller is told instead.
    const told = this.#holds > 0;
    this.#finish(error);
    if (!told) this.#tell(error);
  }

  #tell(error: FlowIpcError): void {
    const handler = this.#onError;
    this.#onError = undefined;
    if (handler) this.#callHandler(handler, error);
  }

  #finish(error: FlowIpcError): void {
    if (this.#error) return;
    this.#error = error;
    for (const reader of this.#readers) reader.stop();
    // The peer only ended its own sending: what we have queued for it still leaves.
    const flushFirst = error.code === TransportError.RECEIVES_FINISHED && this.channel.queuedBytes > 0;
    if (!flushFirst || this.whenSent(() => this.channel.close())) this.channel.close();
    for (const message of this.#order.drain()) message.release();
    if (error.code === TransportError.CLOSED) {
      for (const message of this.#held.splice(0)) {
        this.backlog.remove(message.heldBytes);
        message.release();
      }
      for (const message of this.#expectations.drain()) message.release();
    }
    if (topics.end.hasSubscribers) publish('end', { channel: this.channel, type: this.type.name, error });
    this.#responses.rejectAll(error, true);
    if (this.#held.length === 0) this.#settle(error);
  }

  /** Everybody who still waits is told, once all messages that came before the end have been handed out. */
  #settle(error: FlowIpcError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#responses.rejectAll(error);
    this.#onSettled(error);
  }

  #notLoggedIn(): FlowIpcError {
    return new FlowIpcError(
      StructError.NOT_LOGGED_IN,
      'Only the log-in may be exchanged before log-in is done',
    );
  }

  #originOf(message: MsgIn<T> | undefined): number {
    if (message === undefined) return 0;
    if (message.owner !== this) throw new TypeError('The message to answer came by another channel');
    return message.id;
  }

  #checkLoggedIn(): void {
    if (this.#phase !== 'logged-in') throw this.#notLoggedIn();
  }

  #send(msg: MsgOut<T>, originatingId: number): number {
    if (this.#error) throw this.#error;
    if (this.#sendingEnded)
      throw new FlowIpcError(TransportError.SENDS_FINISHED, 'Sending was ended by endSending()');
    const handle = msg.nativeHandle;
    let fd = -1;
    if (handle !== null) {
      fd = handle.fd;
      if (fd < 0) throw invalid('The descriptor of the message was closed or taken');
      if (!this.#routes.handlesOut) throw invalid('This channel carries no descriptors');
    }
    const pipe = fd < 0 ? this.#routes.plainOut : this.#routes.handlesOut!;
    const blobs = msg.emit(this.#routes.maxBlobSize, this.serialization);
    const id = this.#lastId + 1;
    const metadata = this.#wrapMetadata(msg, blobs, id, originatingId);
    pipe.cork();
    try {
      this.#sendLead(pipe, msg, metadata, fd);
      this.#lastId = id;
      for (let i = 0; i < blobs.length; i++) pipe.send(blobs[i]!);
    } catch (err) {
      // Nothing of it left: the message, not the channel, is at fault.
      if (this.#lastId !== id && !pipe.sendError) throw err;
      this.#finish(err as FlowIpcError);
      throw err;
    } finally {
      // An error has closed the pipe.
      if (!this.#error) pipe.uncork();
    }
    this.counts.messagesSent++;
    if (topics.send.hasSubscribers) {
      publish('send', { channel: this.channel, type: this.type.name, id, originatingId, handle: fd >= 0 });
    }
    return id;
  }

  #wrapMetadata(msg: MsgOut<T>, blobs: Uint8Array[], id: number, originatingId: number): Uint8Array {
    const max = this.#routes.maxBlobSize;
    try {
      for (let i = 0; i < blobs.length; i++) checkBlob(blobs[i]!, max);
      if (blobs.length === 0) throw new TypeError('A serialization made no segments of a message');
      const size = metadataWriter.write(id, blobs.length, originatingId, this.#token);
      return this.serialization.wrapMetadata(metadataWriter.bytes, size);
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
    if (this.serialization.retractMetadata) {
      this.serialization.retractMetadata();
      return;
    }
    const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.length);
    try {
      this.serialization.unwrapMetadata(metadata, view, 0, metadata.length);
    } catch {
      // Already thrown for a better reason.
    }
  }

  #checkMetadata(pipe: number, metadata: Metadata): void {
    if (this.#phase === 'logged-in') {
      if (!isToken(this.#tokenWords, metadata.tokenView, metadata.tokenAt))
        throw new FlowIpcError(StructError.BAD_AUTH, "A message with another session's token");
    } else this.#checkLogIn(metadata);
    if (metadata.segments > 0) this.#order.check(pipe, metadata.id);
  }

  #checkLogIn({ tokenView, tokenAt, id, originatingId, segments }: Metadata): void {
    const at = tokenView.byteOffset + tokenAt;
    const theirs = new Uint8Array(tokenView.buffer.slice(at, at + 16));
    if (this.#phase === 'log-in-client') {
      if (originatingId !== 1 || this.#lastId !== 1 || id !== 1)
        throw new FlowIpcError(StructError.LOG_IN_MISUSED_SCHEMA, 'Not a log-in response');
      if (isNil(theirs))
        throw new FlowIpcError(StructError.BAD_AUTH, 'The log-in response has no session token');
      this.#token = theirs;
      this.#tokenWords = wordsOf(theirs);
      this.#phase = 'logged-in';
      return;
    }
    if (originatingId !== 0 || id !== 1 || segments === 0)
      throw new FlowIpcError(StructError.LOG_IN_MISUSED_SCHEMA, 'The first message is no log-in request');
    if (!isNil(theirs))
      throw new FlowIpcError(StructError.BAD_AUTH, 'A log-in request cannot have a session token yet');
  }

  #onMessage(pipe: number, message: MsgIn<T>): void {
    this.counts.messagesReceived++;
    let next = false;
    try {
      next = this.#order.accept(pipe, message);
    } catch (err) {
      this.#fail(err as FlowIpcError);
      return;
    }
    if (next) {
      this.#deliver(message);
      if (this.#readers.length > 1) this.#deliverInOrder();
    }
    if (this.backlog.exceeded) this.#fail(this.#tooMany());
  }

  #deliverInOrder(): void {
    while (!this.#error) {
      const message = this.#order.take();
      if (!message) return;
      this.#deliver(message);
    }
  }

  #deliver(message: MsgIn<T>): void {
    if (topics.receive.hasSubscribers) {
      const { id, originatingId } = message;
      publish('receive', { channel: this.channel, type: this.type.name, id, originatingId });
    }
    if ((this.#holds > 0 || this.#held.length > 0) && !this.#isAwaitedByBlocked(message)) {
      this.#held.push(message);
      this.backlog.add(message.heldBytes);
    } else this.#handle(message);
  }

  #isAwaitedByBlocked(message: MsgIn<T>): boolean {
    return message.originatingId !== 0 && this.#responses.get(message.originatingId)?.blocking === true;
  }

  #handle(message: MsgIn<T>): void {
    if (message.originatingId === 0) this.#onUnsolicited(message);
    else this.#onResponse(message);
  }

  #onResponse(message: MsgIn<T>): void {
    const id = message.originatingId;
    const expectation = this.#responses.get(id);
    if (expectation) {
      if (expectation.once) this.#responses.undo(id);
      this.counts.responsesReceived++;
      this.#respond(expectation, message);
    } else if (this.#responses.isLate(id)) {
      this.counts.lateResponses++;
      message.release();
    } else this.#onUnexpected(message);
  }

  /** callHandler() for a response. */
  #respond(expectation: ResponseExpectation<MsgIn<T>>, message: MsgIn<T>): void {
    try {
      const result = expectation.onResponse(message);
      if (result instanceof Promise) result.catch(this.#onHandlerThrew);
    } catch (err) {
      this.#onHandlerThrew(err);
    }
  }

  #onUnexpected(message: MsgIn<T>): void {
    this.counts.unexpectedResponses++;
    if (!this.#error && !this.#sendingEnded) this.#reportUnexpected(message);
    const handler = this.#onUnexpectedResponse;
    if (topics.unexpectedResponse.hasSubscribers) {
      const { id, originatingId } = message;
      publish('unexpectedResponse', { channel: this.channel, type: this.type.name, id, originatingId });
    }
    if (handler) this.#callHandler(handler, message);
    else message.release();
  }

  #reportUnexpected(message: MsgIn<T>): void {
    const text = `Your message ${message.id} answers our message ${message.originatingId}, for which nobody waits: ${message}`;
    const bytes = buildUnexpectedResponse(message.id, text, this.#token);
    try {
      this.#routes.plainOut.send(this.serialization.wrapMetadata(bytes, bytes.length));
    } catch (err) {
      this.#fail(err as FlowIpcError);
    }
  }

  #onRemoteUnexpected(id: number, text: string): void {
    this.counts.remoteUnexpectedResponses++;
    if (this.#holds > 0) this.#heldNotices.push(() => this.#tellRemoteUnexpected(id, text));
    else this.#tellRemoteUnexpected(id, text);
  }

  #tellRemoteUnexpected(id: number, text: string): void {
    const handler = this.#onRemoteUnexpectedResponse;
    if (handler) this.#callHandler(() => handler(id, text), undefined);
  }

  #onUnsolicited(message: MsgIn<T>): void {
    const kind = (message.body as { whichIndex: number }).whichIndex;
    if (this.#phase === 'log-in-server' && this.#logInKind >= 0 && kind !== this.#logInKind) {
      message.release();
      this.#fail(otherLogIn());
      return;
    }
    const handler = this.#expectations.handlerFor(kind);
    if (handler) this.#callHandler(handler, message);
    else this.#expectations.keep(kind, message);
  }

  #tooMany(): FlowIpcError {
    const { messages, bytes } = this.backlog;
    return new FlowIpcError(
      StructError.CACHE_LIMIT,
      `${messages} messages of ${bytes} bytes came that nobody takes (maxCachedMessages, maxCachedBytes)`,
    );
  }

  /** A pipe whose peer ended in good order may leave messages on their way along the other one. */
  #onPipeEnd(_pipe: number, error: FlowIpcError): void {
    if (error.code === TransportError.RECEIVES_FINISHED) {
      if (--this.#openPipes > 0) return;
      if (this.#order.waiting) {
        const gap = `The peer ended its sending before message ${this.#order.next}`;
        this.#fail(new FlowIpcError(StructError.MISUSED_SCHEMA, gap));
        return;
      }
    }
    this.#fail(error);
  }

  /** A handler of the user's, to be called from anywhere within. */
  guarded<A>(handler: (argument: A) => unknown): (argument: A) => void {
    return (argument) => this.#callHandler(handler, argument);
  }

  /** Runs a user's handler. What it throws is dealt with here; nothing of the protocol is left undone by it. */
  #callHandler<A>(handler: (argument: A) => unknown, argument: A): void {
    try {
      const result = handler(argument);
      if (result instanceof Promise) result.catch(this.#onHandlerThrew);
    } catch (err) {
      this.#onHandlerThrew(err);
    }
  }

  /**
   * A message that turns out malformed as it is read is the peer's fault and ends the channel. The error that
   * ended this channel, which a call in the handler threw and nobody caught, is told as if the call had not been.
   * Any other exception is the program's and surfaces as an uncaught one.
   */
  readonly #onHandlerThrew = (err: unknown): void => {
    if (isMalformedMessage(err)) {
      this.#fail(
        new FlowIpcError(StructError.DESERIALIZE_FAILED, 'Malformed message from the peer', { cause: err }),
      );
    } else if (err === this.#error) {
      if (this.#error?.code !== TransportError.CLOSED) this.#tell(this.#error!);
    } else {
      process.nextTick(() => {
        throw err;
      });
    }
  };
}

const invalid = (what: string) => new FlowIpcError(TransportError.INVALID_ARGUMENT, what);

const otherLogIn = () =>
  new FlowIpcError(StructError.UNEXPECTED_LOG_IN_REQUEST, 'The log-in request is of another kind');

/** What a user's serialization makes must fit the pipe; ours always does. */
function checkBlob(blob: Uint8Array, max: number): void {
  if (blob.length > 0 && blob.length <= max) return;
  throw new FlowIpcError(
    StructError.LEAF_TOO_BIG,
    `A serialization made a segment of ${blob.length} bytes where 1 to ${max} fit`,
  );
}

/** What readers throw of damaged bytes; reading the wrong member of a union is the reader's own mistake. */
const DAMAGE = new Set<string>(
  ['OUT_OF_BOUNDS', 'BAD_POINTER', 'NESTING_LIMIT', 'AMPLIFICATION', 'NO_SEGMENT', 'BAD_TEXT'].map(
    (code) => `ERR_FLOW_IPC_CAPNP_${code}`,
  ),
);

const isMalformedMessage = (err: unknown): boolean => CapnpError.is(err) && DAMAGE.has(err.code);
