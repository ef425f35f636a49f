// struc::Channel: typed messages, told apart by kind, requests and responses (section G of the features).
import { setTimeout as sleep } from 'node:timers/promises';
import { type AnyChannel, FlowIpcError, runEssentialTimers, TransportError } from '@flow-ipc/core';
import { ChannelBase } from './channel-base.js';
import { Engine, type EngineOptions } from './engine.js';
import type { AnyKindOf, AnyStructType, KindOf } from './kinds.js';
import { MessageIterator } from './message-iterator.js';
import { anyKind, type Handler, type MsgIn } from './msg-in.js';
import type { MsgOut } from './msg-out.js';
import { BlockingResponse, isOfKind, PromisedResponse, refused } from './one-response.js';
import {
  checkPatience,
  isPatient,
  millisecondsLeft,
  type PatienceOptions,
  startPatience,
  timedOut,
} from './patience.js';
import { ResponseIterator } from './response-iterator.js';

// biome-ignore lint/suspicious/noExplicitAny: options may be written without naming the channel's type.
export interface StructuredChannelOptions<T extends AnyStructType = any> extends EngineOptions {
  /**
   * Told once why the channel ended: peer gone, its sending ended, protocol broken. Not told of our own close(), nor
   * of an error that a call of ours threw (send(), syncRequest(), a rejected request() that could not be sent).
   */
  onError?: (error: FlowIpcError) => unknown;
  /** See setUnexpectedResponseHandler(). */
  onUnexpectedResponse?: (message: MsgIn<T>) => unknown;
  /** See setRemoteUnexpectedResponseHandler(). */
  onRemoteUnexpectedResponse?: (id: number, text: string) => unknown;
  /** Do not receive yet: start() will. Sending and expecting are allowed before. @default false */
  manualStart?: boolean;
}

export interface ResponseOptions<T extends AnyStructType, K extends AnyKindOf<T> = AnyKindOf<T>> {
  /** The message that this request itself answers. */
  inResponseTo?: MsgIn<T> | undefined;
  /** The kind that a response must have: one of another kind is released, and the error is STRUCT_UNEXPECTED_KIND. */
  expect?: K;
}

export interface RequestOptions<T extends AnyStructType, K extends AnyKindOf<T> = AnyKindOf<T>>
  extends PatienceOptions,
    ResponseOptions<T, K> {}

export interface AsyncRequestOptions<T extends AnyStructType> {
  inResponseTo?: MsgIn<T>;
  /** Any number of responses, until undoExpectResponses(). @default false */
  openEnded?: boolean;
  /** The channel ended before the response, or while an open-ended request stood: why. */
  onEnd?: (error: FlowIpcError) => void;
}

/** How long an orderly close waits for a peer that reads nothing. */
const CLOSE_PATIENCE_MS = 5000;

const NO_OPTIONS = {};

/**
 * Takes a Channel over and, unless told otherwise, starts at once. Messages are of one Cap'n Proto struct with an
 * anonymous union, whose member in use is the message's kind.
 *
 * After an error the channel is finished: sends throw it and what waits is rejected with it.
 */
export class StructuredChannel<T extends AnyStructType> extends ChannelBase<T> implements AsyncDisposable {
  /** Iterations, and promises of one message. */
  readonly #waiting = new Set<{ end(error?: unknown): void }>();

  constructor(channel: AnyChannel, type: T, options: StructuredChannelOptions<T> = {}) {
    const engine = new Engine(channel, type, options, (error) => this.#onSettled(error));
    super(engine);
    if (options.onUnexpectedResponse) engine.onUnexpectedResponse.set(options.onUnexpectedResponse);
    if (options.onRemoteUnexpectedResponse)
      engine.onRemoteUnexpectedResponse.set(options.onRemoteUnexpectedResponse);
    if (!options.manualStart) engine.start(options.onError);
  }

  /** Begins to receive, with `manualStart`. False when called before; then `onError` is not taken. */
  start(onError?: (error: FlowIpcError) => unknown): boolean {
    return this.engine.start(onError);
  }

  /**
   * Sends a notification or, with `inResponseTo`, a response. Never blocks. Throws LEAF_TOO_BIG, INVALID_ARGUMENT or
   * SENDS_FINISHED (nothing sent, the channel goes on) or the error that ended the channel.
   */
  send(msg: MsgOut<T>, inResponseTo?: MsgIn<T>): void {
    this.engine.send(msg, inResponseTo);
  }

  /** Sends a request; the response is the caller's to release. Rejects with what send() throws, TIMEOUT or ABORTED. */
  request<K extends AnyKindOf<T> = AnyKindOf<T>>(
    msg: MsgOut<T>,
    options: RequestOptions<T, K> = NO_OPTIONS,
  ): Promise<MsgIn<T, K>> {
    return new Promise((resolve, reject) => {
      const { expect } = options;
      if (expect !== undefined) this.engine.kindOf(expect);
      if (isPatient(options)) {
        this.engine.request(msg, options.inResponseTo, new PromisedResponse(expect, resolve, reject));
        return;
      }
      checkPatience(options);
      let stop = () => {};
      const response = new PromisedResponse<T, K>(
        expect,
        (message) => {
          stop();
          resolve(message);
        },
        (error) => {
          stop();
          reject(error);
        },
      );
      const id = this.engine.request(msg, options.inResponseTo, response);
      stop = startPatience(options, (error) => {
        this.engine.abandonRequest(id);
        reject(error);
      });
    });
  }

  /**
   * request() that blocks this thread until the response is there: the fastest round trip. Everything else that
   * comes meanwhile is handled afterwards, in order; it may be called from a handler, too.
   *
   * Throws ERR_FLOW_IPC_TIMEOUT (the channel goes on, a late response is dropped), or the error that ended the
   * channel meanwhile, which onError is then not told.
   */
  syncRequest<K extends AnyKindOf<T> = AnyKindOf<T>>(
    msg: MsgOut<T>,
    options: Omit<RequestOptions<T, K>, 'signal'> = NO_OPTIONS,
  ): MsgIn<T, K> {
    const { engine } = this;
    if (!engine.started) throw new TypeError('Call start() before syncRequest()');
    if (options.expect !== undefined) engine.kindOf(options.expect);
    let limit = Number.POSITIVE_INFINITY;
    if (!isPatient(options)) {
      checkPatience(options);
      limit = millisecondsLeft(options);
    }
    const isLimited = limit !== Number.POSITIVE_INFINITY;
    const deadline = isLimited ? performance.now() + limit : limit;
    const wanted = new BlockingResponse<T, K>(options.expect);
    const id = engine.request(msg, options.inResponseTo, wanted);
    engine.hold();
    try {
      while (!wanted.response && !wanted.failure) {
        const left = isLimited ? deadline - performance.now() : limit;
        if (left <= 0) {
          engine.abandonRequest(id);
          throw timedOut(limit);
        }
        // Our pings on this and other channels of the thread must go on, or their peers give us up.
        try {
          // Here, or the wait would end when it has left.
          engine.channel.flush();
          engine.channel.waitReadable(Math.min(left, runEssentialTimers()));
        } catch (err) {
          // The end of the channel, found in the midst of it, has closed the pipe; what ended it says more.
          if (!wanted.failure && !wanted.response) throw err;
        }
      }
    } finally {
      if (engine.release()) setImmediate(() => engine.deliverHeld());
    }
    if (wanted.failure) throw wanted.failure;
    return wanted.response!;
  }

  /**
   * request() with a handler, called without the detour of a promise, and with as many responses as come if
   * `openEnded`. Returns the request's id, for undoExpectResponses(). The handler is not told when
   * the channel ends: `onEnd` is.
   */
  asyncRequest(msg: MsgOut<T>, handler: Handler<T>, options: AsyncRequestOptions<T> = {}): number {
    return this.engine.request(msg, options.inResponseTo, {
      onResponse: handler,
      onEnd: options.onEnd ? this.engine.guarded(options.onEnd) : () => {},
      once: !options.openEnded,
      blocking: false,
    });
  }

  /**
   * An open-ended request: all responses as they come. Ends when the peer ends its sending or this side closes;
   * throws what request() would reject with. Leaving the loop undoes the request: later responses are unexpected.
   */
  responses<K extends AnyKindOf<T> = AnyKindOf<T>>(
    msg: MsgOut<T>,
    options: RequestOptions<T, K> = {},
  ): ResponseIterator<MsgIn<T, K>> {
    const { expect } = options;
    if (expect !== undefined) this.engine.kindOf(expect);
    checkPatience(options);
    const id = this.engine.request(msg, options.inResponseTo, {
      onResponse: (message) => {
        if (isOfKind(message, expect)) iterator.push(message);
        else iterator.end(refused(message, expect));
      },
      // The iteration ends with all others, see #onSettled.
      onEnd: () => {},
      once: false,
      blocking: false,
    });
    const iterator = new ResponseIterator<MsgIn<T, K>>(id, this.engine.backlog, options, (why) => {
      if (why === 'left') this.engine.undoExpectResponses(id);
      else this.engine.abandonRequest(id);
      this.#waiting.delete(iterator);
    });
    this.#waiting.add(iterator);
    return iterator;
  }

  /**
   * Calls `handler` with the next message of the kind, which it then owns: at once when one is there. Throws
   * ALREADY_EXPECTED, NOT_LOGGED_IN.
   */
  expectMsg<K extends KindOf<T>>(which: K, handler: Handler<T, K>): void {
    this.engine.expect(which, true, anyKind(handler));
  }

  /** The same for every message of the kind, until undoExpectMsgs(). The way with the lowest latency. */
  expectMsgs<K extends KindOf<T>>(which: K, handler: Handler<T, K>): void {
    this.engine.expect(which, false, anyKind(handler));
  }

  /**
   * The next message of a kind, as a promise. Rejects when the channel ends first, with TIMEOUT or ABORTED, and what
   * expectMsg() throws.
   */
  message<K extends KindOf<T>>(which: K, options: PatienceOptions = {}): Promise<MsgIn<T, K>> {
    return new Promise((resolve, reject) => {
      const { engine } = this;
      checkPatience(options);
      let stopPatience = () => {};
      let waiting = true;
      const waiter = {
        end: (error?: unknown) => {
          engine.undoExpect(which);
          done();
          reject(error ?? engine.error);
        },
      };
      const done = () => {
        waiting = false;
        stopPatience();
        this.#waiting.delete(waiter);
      };
      engine.expect(which, true, (message) => {
        done();
        resolve(message as unknown as MsgIn<T, K>);
      });
      if (!waiting) return;
      this.#waiting.add(waiter);
      stopPatience = startPatience(options, waiter.end);
      if (engine.settled) waiter.end(engine.error);
    });
  }

  /**
   * Messages of one kind as they come. Ends when the peer ends its sending or this side closes; throws when the
   * peer is lost, and TIMEOUT or ABORTED. Leaving the loop releases what it did not see. A loop that is too slow
   * fills the channel's limits (maxCachedMessages).
   */
  messages<K extends KindOf<T>>(which: K, options: PatienceOptions = {}): MessageIterator<MsgIn<T, K>> {
    const { engine } = this;
    engine.kindOf(which);
    let patience = options;
    let over: unknown;
    try {
      checkPatience(options);
    } catch (err) {
      if (!(err instanceof FlowIpcError)) throw err;
      over = err;
      patience = {};
    }
    let expecting = false;
    const iterator = new MessageIterator<MsgIn<T, K>>(engine.backlog, patience, () => {
      if (expecting) engine.undoExpect(which);
      this.#waiting.delete(iterator);
    });
    if (over !== undefined) {
      iterator.end(over);
      return iterator;
    }
    try {
      engine.expect(which, false, (message) => iterator.push(message as unknown as MsgIn<T, K>));
    } catch (err) {
      iterator.end();
      throw err;
    }
    expecting = true;
    this.#waiting.add(iterator);
    if (engine.settled) endIterator(iterator, engine.error!);
    return iterator;
  }

  /**
   * Log-in server: expects the request that a client logs in with. Sending a response to it completes the log-in.
   * Throws ALREADY_EXPECTED when called twice, NOT_LOGGED_IN on a channel that is no log-in server (any more).
   */
  expectLogInRequest<K extends KindOf<T>>(which: K, handler: Handler<T, K>): void {
    this.engine.expectLogInRequest(which, anyKind(handler), true);
  }

  /** Settles when {@link queuedBytes} is 0, or with the error that ended sending. */
  drained(): Promise<void> {
    return this.engine.channel.drained();
  }

  /** Ends sending behind all that was sent; settles once the kernel has it. Receiving goes on. */
  endSending(): Promise<void> {
    return this.engine.endSending();
  }

  /**
   * Flushes, ends sending, and closes. What the peer still sends is lost. A peer that takes nothing any more is
   * waited for no longer than `timeoutMs`.
   */
  async closeGracefully(timeoutMs = CLOSE_PATIENCE_MS): Promise<void> {
    if (!this.error) {
      const patience = new AbortController();
      const flushed = this.endSending().catch(() => {});
      await Promise.race([flushed, sleep(timeoutMs, undefined, patience).catch(() => {})]);
      patience.abort();
    }
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeGracefully();
  }

  #onSettled(error: FlowIpcError): void {
    for (const iterator of [...this.#waiting]) endIterator(iterator, error);
  }
}

function endIterator(iterator: { end(error?: unknown): void }, error: FlowIpcError): void {
  const orderly = error.code === TransportError.RECEIVES_FINISHED || error.code === TransportError.CLOSED;
  iterator.end(orderly ? undefined : error);
}
