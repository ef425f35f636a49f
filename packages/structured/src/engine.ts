// The structured protocol of one channel, whoever drives it: phases, ids, tokens, routing, expectations.
//
// No promise, no event loop, no blocking call is in here: the asynchronous and the sync_io form are both made of it.
import { type AnyChannel, FlowIpcError, TransportError, throwLater } from '@flow-ipc/core';
import { Backlog, type BacklogLimits, checked } from './backlog.js';
import { type Counters, noCounts, type StructuredCounters } from './counters.js';
import { publish, topics } from './diagnostics.js';
import { StructError } from './errors.js';
import { Expectations } from './expectations.js';
import { HandlerCalls, HandlerSlot, isMalformedMessage } from './handler-calls.js';
import { heapSerialization } from './heap-serialization.js';
import { HeldBack } from './held-back.js';
import type { AnyStructType, KindOf } from './kinds.js';
import { LogIn, type LogInOptions, otherLogIn, type Phase } from './log-in.js';
import type { Metadata } from './metadata.js';
import type { MsgIn } from './msg-in.js';
import type { MsgOut } from './msg-out.js';
import { Outgoing } from './outgoing.js';
import { PipeReader } from './pipe-reader.js';
import { Reordering } from './reordering.js';
import { type ResponseExpectation, Responses } from './responses.js';
import { Routes } from './routes.js';
import type { BodyBuilder, CreateMsgOptions, Serialization } from './serialization.js';
import type { SessionToken } from './session-token.js';

export interface EngineOptions extends BacklogLimits, LogInOptions {
  /** How bodies travel. @default heapSerialization */
  serialization?: Serialization;
  /** Longest message that is taken in through the pipe, in bytes: shared memory does not count. @default 2 GiB */
  maxMessageBytes?: number;
}

export type UnexpectedResponseHandler<T extends AnyStructType> = (message: MsgIn<T>) => unknown;
export type RemoteUnexpectedResponseHandler = (id: number, text: string) => unknown;

export class Engine<T extends AnyStructType> {
  readonly type: T;
  readonly channel: AnyChannel;
  readonly serialization: Serialization;
  readonly backlog: Backlog;
  readonly counts: Counters = noCounts();
  readonly onUnexpectedResponse = new HandlerSlot<UnexpectedResponseHandler<T>>();
  readonly onRemoteUnexpectedResponse = new HandlerSlot<RemoteUnexpectedResponseHandler>();
  readonly #routes: Routes;
  readonly #readers: PipeReader<T>[];
  readonly #order: Reordering<MsgIn<T>>;
  readonly #expectations: Expectations<MsgIn<T>>;
  readonly #responses = new Responses<MsgIn<T>>();
  readonly #held: HeldBack<MsgIn<T>>;
  readonly #logIn: LogIn;
  readonly #outgoing: Outgoing<T>;
  readonly #handlers: HandlerCalls;
  #openPipes: number;
  #started = false;
  #error: FlowIpcError | undefined;
  /** The error was told to those who wait for messages. */
  #settled = false;
  #onError: ((error: FlowIpcError) => unknown) | undefined;
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
    const maxMessageBytes = checked('maxMessageBytes', options.maxMessageBytes ?? 2 ** 31);
    this.type = type;
    this.channel = channel;
    this.serialization = options.serialization ?? heapSerialization;
    this.backlog = new Backlog(options);
    this.#logIn = new LogIn(options);
    this.#expectations = new Expectations(this.backlog);
    this.#held = new HeldBack(this.backlog);
    this.#onSettled = onSettled;
    this.#handlers = new HandlerCalls((err) => this.#onHandlerThrew(err));
    this.#routes = new Routes(channel);
    this.#outgoing = new Outgoing(this.#routes, this.serialization);
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
    this.#outgoing.negotiate();
    if (topics.open.hasSubscribers) publish('open', { channel, type: type.name, phase: this.phase });
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
    return this.#logIn.token;
  }

  get phase(): Phase {
    return this.#logIn.phase;
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
    this.#logIn.checkSend(originatingId);
    this.#send(msg, originatingId);
    this.#logIn.sent();
  }

  /** Sends a request; its id. Responses go to `expectation`. */
  request(
    msg: MsgOut<T>,
    inResponseTo: MsgIn<T> | undefined,
    expectation: ResponseExpectation<MsgIn<T>>,
  ): number {
    const originatingId = this.#originOf(inResponseTo);
    this.#logIn.checkRequest(this.#outgoing.lastId);
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
    this.#logIn.checkLoggedIn();
    const expectation = this.#expectations.expect(kind, once, handler);
    while (this.#expectations.stands(kind, expectation)) {
      const message = this.#expectations.take(kind);
      if (!message) return;
      if (once) this.#expectations.undo(kind);
      this.#handlers.call(handler, message);
    }
  }

  /** The same, but messages in the cache are returned; a one-off expectation that they meet is not made. */
  expectOrTake(which: KindOf<T>, once: boolean, handler: (message: MsgIn<T>) => unknown): MsgIn<T>[] {
    const kind = this.kindOf(which);
    this.#logIn.checkLoggedIn();
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
    this.#logIn.expectRequest(kind);
    for (const cached of this.#expectations.cachedKinds()) {
      if (cached !== kind) {
        this.#fail(otherLogIn());
        return undefined;
      }
      const request = this.#expectations.take(kind)!;
      if (!deliver) return request;
      this.#handlers.call(handler, request);
      return undefined;
    }
    this.#expectations.expect(kind, true, handler);
    return undefined;
  }

  /** From now on messages are held back, but for the responses that a blocked caller waits for. */
  hold(): void {
    this.#held.hold();
  }

  /** Undoes one hold(). True when that was the last and deliverHeld() has something to do. */
  release(): boolean {
    this.#held.release();
    if (this.#held.holding) return false;
    return !this.#held.empty || (this.#error !== undefined && !this.#settled);
  }

  deliverHeld(): void {
    this.#held.deliver(this.#handle);
    if (this.#error && !this.#held.holding) this.#settle(this.#error);
  }

  /** Ends sending behind all that was sent, on every pipe. */
  endSending(): Promise<void> {
    this.#outgoing.markEnded();
    return this.channel.endSending();
  }

  /** The same without a promise. False when it was ended before, or the channel is over. */
  endSendingNow(): boolean {
    if (this.#error || this.#outgoing.ended) return false;
    this.#outgoing.end();
    return true;
  }

  /** True when the kernel has taken all that was sent; otherwise calls back once it has, or never will. */
  whenSent(callback: (error?: FlowIpcError) => void): boolean {
    return this.#outgoing.whenSent((error) => this.#handlers.call(callback, error));
  }

  close(): void {
    this.#finish(new FlowIpcError(TransportError.CLOSED, 'The channel was closed'));
  }

  /** Ends the channel by an error that no call of the owner throws. */
  #fail(error: FlowIpcError): void {
    if (this.#error) return;
    // A blocked caller is told instead.
    const told = this.#held.holding;
    this.#finish(error);
    if (!told) this.#tell(error);
  }

  #tell(error: FlowIpcError): void {
    const handler = this.#onError;
    this.#onError = undefined;
    if (handler) this.#handlers.call(handler, error);
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
      for (const message of this.#held.drain()) message.release();
      for (const message of this.#expectations.drain()) message.release();
    }
    if (topics.end.hasSubscribers) publish('end', { channel: this.channel, type: this.type.name, error });
    this.#responses.rejectAll(error, true);
    if (!this.#held.hasMessages) this.#settle(error);
  }

  /** Everybody who still waits is told, once all messages that came before the end have been handed out. */
  #settle(error: FlowIpcError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#responses.rejectAll(error);
    this.#onSettled(error);
  }

  #originOf(message: MsgIn<T> | undefined): number {
    if (message === undefined) return 0;
    if (message.owner !== this) throw new TypeError('The message to answer came by another channel');
    return message.id;
  }

  #send(msg: MsgOut<T>, originatingId: number): number {
    if (this.#error) throw this.#error;
    const id = this.#outgoing.send(msg, originatingId, this.#logIn.token, this.#onSendFailed);
    this.counts.messagesSent++;
    if (topics.send.hasSubscribers) {
      const { channel, type } = this;
      publish('send', { channel, type: type.name, id, originatingId, handle: msg.nativeHandle !== null });
    }
    return id;
  }

  /** The call that sent throws it, too. */
  readonly #onSendFailed = (error: FlowIpcError): void => this.#finish(error);

  #checkMetadata(pipe: number, metadata: Metadata): void {
    this.#logIn.check(metadata, this.#outgoing.lastId);
    if (metadata.segments > 0) this.#order.check(pipe, metadata.id);
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
    if (this.#held.queueing && !this.#isAwaitedByBlocked(message)) this.#held.keep(message);
    else this.#handle(message);
  }

  #isAwaitedByBlocked(message: MsgIn<T>): boolean {
    return message.originatingId !== 0 && this.#responses.get(message.originatingId)?.blocking === true;
  }

  readonly #handle = (message: MsgIn<T>): void => {
    if (message.originatingId === 0) this.#onUnsolicited(message);
    else this.#onResponse(message);
  };

  #onResponse(message: MsgIn<T>): void {
    const id = message.originatingId;
    const expectation = this.#responses.get(id);
    if (expectation) {
      if (expectation.once) this.#responses.undo(id);
      this.counts.responsesReceived++;
      this.#handlers.respond(expectation, message);
    } else if (this.#responses.isLate(id)) {
      this.counts.lateResponses++;
      message.release();
    } else this.#onUnexpected(message);
  }

  #onUnexpected(message: MsgIn<T>): void {
    this.counts.unexpectedResponses++;
    this.#reportUnexpected(message);
    const { handler } = this.onUnexpectedResponse;
    if (topics.unexpectedResponse.hasSubscribers) {
      const { id, originatingId } = message;
      publish('unexpectedResponse', { channel: this.channel, type: this.type.name, id, originatingId });
    }
    if (handler) this.#handlers.call(handler, message);
    else message.release();
  }

  #reportUnexpected(message: MsgIn<T>): void {
    if (this.#error) return;
    try {
      this.#outgoing.reportUnexpected(message, this.#logIn.token);
    } catch (err) {
      this.#fail(err as FlowIpcError);
    }
  }

  #onRemoteUnexpected(id: number, text: string): void {
    this.counts.remoteUnexpectedResponses++;
    if (this.#held.holding) this.#held.keepNotice(() => this.#tellRemoteUnexpected(id, text));
    else this.#tellRemoteUnexpected(id, text);
  }

  #tellRemoteUnexpected(id: number, text: string): void {
    const { handler } = this.onRemoteUnexpectedResponse;
    if (handler) this.#handlers.call(() => handler(id, text), undefined);
  }

  #onUnsolicited(message: MsgIn<T>): void {
    const kind = (message.body as { whichIndex: number }).whichIndex;
    if (this.#logIn.isOtherRequest(kind)) {
      message.release();
      this.#fail(otherLogIn());
      return;
    }
    const handler = this.#expectations.handlerFor(kind);
    if (handler) this.#handlers.call(handler, message);
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
    return (argument) => this.#handlers.call(handler, argument);
  }

  /**
   * A message that turns out malformed as it is read is the peer's fault and ends the channel. The error that
   * ended this channel, which a call in the handler threw and nobody caught, is told as if the call had not been.
   * Any other exception is the program's and surfaces as an uncaught one, or from the user's loop.
   */
  #onHandlerThrew(err: unknown): void {
    if (isMalformedMessage(err)) {
      this.#fail(
        new FlowIpcError(StructError.DESERIALIZE_FAILED, 'Malformed message from the peer', { cause: err }),
      );
    } else if (err === this.#error) {
      if (this.#error?.code !== TransportError.CLOSED) this.#tell(this.#error!);
    } else {
      throwLater(err);
    }
  }
}
