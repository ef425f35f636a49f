// What the asynchronous and the sync_io form of a structured channel have in common.
import { type BuilderOf, type MessageBuilder, MessageReader } from '@flow-ipc/capnp';
import type { AnyChannel, FlowIpcError, NativeHandle } from '@flow-ipc/core';
import type { StructuredCounters } from './counters.js';
import type { Engine, RemoteUnexpectedResponseHandler, UnexpectedResponseHandler } from './engine.js';
import {
  type AnyStructType,
  type FillableKindOf,
  initializerOf,
  type KindOf,
  type MemberBuilderOf,
} from './kinds.js';
import type { MsgIn } from './msg-in.js';
import { MsgOut } from './msg-out.js';
import type { CreateMsgOptions } from './serialization.js';
import type { SessionToken } from './session-token.js';

export interface MsgOptions extends CreateMsgOptions {
  /** A descriptor for the message, which takes it over. */
  nativeHandle?: NativeHandle;
}

const NO_OPTIONS: MsgOptions = {};

export abstract class ChannelBase<T extends AnyStructType> {
  /** @internal */
  protected readonly engine: Engine<T>;

  protected constructor(engine: Engine<T>) {
    this.engine = engine;
  }

  /** The schema type of the bodies. */
  get type(): T {
    return this.engine.type;
  }

  /** The bundle below, for auto-ping, idle timer, credentials and counters. Do not send through it. */
  get ownedChannel(): AnyChannel {
    return this.engine.channel;
  }

  /** Nil until known (log-in client). */
  get sessionToken(): SessionToken {
    return this.engine.token;
  }

  get loggedIn(): boolean {
    return this.engine.phase === 'logged-in';
  }

  /** Why the channel ended, if it did. */
  get error(): FlowIpcError | undefined {
    return this.engine.error;
  }

  get counters(): StructuredCounters {
    return this.engine.counters;
  }

  createMsg(options: MsgOptions = NO_OPTIONS): MsgOut<T> {
    const msg = new MsgOut(this.type, this.engine.newBody(options));
    if (options.nativeHandle) msg.nativeHandle = options.nativeHandle;
    return msg;
  }

  /**
   * createMsg() for one-liners: fills the body, or with a kind its member, and returns the message. When `fill`
   * throws, the message is released, but for its descriptor, which is the caller's as before.
   */
  buildMsg(fill: (body: BuilderOf<T>) => unknown, options?: MsgOptions): MsgOut<T>;
  buildMsg<K extends FillableKindOf<T>>(
    kind: K,
    fill?: (member: MemberBuilderOf<T, K>) => unknown,
    options?: MsgOptions,
  ): MsgOut<T>;
  buildMsg(
    first: KindOf<T> | ((body: BuilderOf<T>) => unknown),
    second?: MsgOptions | ((member: never) => unknown),
    third?: MsgOptions,
  ): MsgOut<T> {
    const byKind = typeof first === 'string';
    const options = (byKind ? third : (second as MsgOptions | undefined)) ?? NO_OPTIONS;
    const msg = new MsgOut(this.type, this.engine.newBody(options));
    try {
      if (byKind) {
        this.engine.kindOf(first);
        const member = (msg.body as Record<string, () => never>)[initializerOf(first)]!();
        (second as ((member: never) => unknown) | undefined)?.(member);
      } else {
        first(msg.body);
      }
    } catch (err) {
      msg.release();
      throw err;
    }
    if (options.nativeHandle) msg.nativeHandle = options.nativeHandle;
    return msg;
  }

  /**
   * A message of a Cap'n Proto builder whose root is of this channel's type already. Takes the builder over: from
   * now on use the message's `body`. On the heap its memory is sent as it is; where messages live in shared memory
   * it is copied there now.
   */
  adoptMsg(builder: MessageBuilder): MsgOut<T> {
    const { serialization } = this.engine;
    if (serialization.adoptBody) return new MsgOut(this.type, serialization.adoptBody(builder), true);
    return this.copyMsg(builder.asReader({ traversalLimitWords: Number.POSITIVE_INFINITY }));
  }

  /** A message with a copy of another one, whose root is of this channel's type. Throws CapnpError if it is damaged. */
  copyMsg(source: MessageReader): MsgOut<T> {
    const body = this.engine.newBody(NO_OPTIONS);
    try {
      body.builder.rootPointer().set(source.rootPointer());
      return new MsgOut(this.type, body, true);
    } catch (err) {
      body.release();
      throw err;
    }
  }

  /**
   * A message that sends a received one on, to whom this channel leads. Where this channel's messages live in the very
   * arena of SHM-classic that the received one lies in (an app's arena, or other channels of the same session) it is
   * the same memory, which nobody copies and all recipients share: it has no `body` to be written. Everywhere else it
   * is a copy like any other message. Either way it is independent of the received one: each is released for itself.
   * A descriptor that came along does not go along. Throws MESSAGE_RELEASED, CapnpError, or what the arena says.
   */
  forwardMsg(received: MsgIn<T>): MsgOut<T> {
    if (received.owner.type !== this.type)
      throw new TypeError(`A message of type ${received.owner.type.name} where ${this.type.name} are sent`);
    const same = received.sendOn(this.engine.serialization);
    return same ? new MsgOut(this.type, same) : this.copyMsg(new MessageReader(received.segments));
  }

  /** Stops expectMsg() or expectMsgs(). False when nothing was expected. Later messages of the kind are kept. */
  undoExpectMsgs(which: KindOf<T>): boolean {
    return this.engine.undoExpect(which);
  }

  /**
   * Stops an open-ended request. False when nobody waits for responses to that message. Later ones are unexpected
   * responses.
   */
  undoExpectResponses(id: number): boolean {
    return this.engine.undoExpectResponses(id);
  }

  /** Gives up a request, or all further responses to it: should one come late, it is dropped without ado. */
  abandonRequest(id: number): void {
    this.engine.abandonRequest(id);
  }

  /**
   * For responses of the peer that nobody waits for; the handler owns them. Without one they are released. False
   * when there is a handler already.
   */
  setUnexpectedResponseHandler(handler: (message: MsgIn<T>) => unknown): boolean {
    return this.engine.onUnexpectedResponse.set(handler as UnexpectedResponseHandler<T>);
  }

  /** False when there was no handler. */
  unsetUnexpectedResponseHandler(): boolean {
    return this.engine.onUnexpectedResponse.unset();
  }

  /** For the peer's word that our message `id` was a response it did not wait for. False when there is a handler. */
  setRemoteUnexpectedResponseHandler(handler: RemoteUnexpectedResponseHandler): boolean {
    return this.engine.onRemoteUnexpectedResponse.set(handler);
  }

  /** False when there was no handler. */
  unsetRemoteUnexpectedResponseHandler(): boolean {
    return this.engine.onRemoteUnexpectedResponse.unset();
  }

  /** Bytes accepted for sending that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.engine.channel.queuedBytes;
  }

  /**
   * Closes at once. What waits is rejected with OBJECT_SHUTDOWN_ABORTED_COMPLETION_HANDLER, iterations end, messages
   * that nobody took are released. Idempotent.
   */
  close(): void {
    this.engine.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
