// struc::sync_io::Channel: the same protocol in the sync_io pattern, driven by the user's event-wait function (121).
import type { AnyChannel, FlowIpcError } from '@flow-ipc/core';
import {
  type EventWaitFunc,
  type EventWaitHandle,
  type EventWaitHandleFactory,
  EventWaitLoop,
  Channel as SyncIoChannel,
  WOULD_BLOCK,
  type WouldBlock,
} from '@flow-ipc/core/sync-io';
import { ChannelBase } from '../channel-base.js';
import { Engine, type EngineOptions } from '../engine.js';
import type { AnyStructType, KindOf } from '../kinds.js';
import { anyKind, type Handler, type MsgIn } from '../msg-in.js';
import type { MsgOut } from '../msg-out.js';

export interface AsyncRequestOptions<T extends AnyStructType> {
  /** The message that this request itself answers. */
  inResponseTo?: MsgIn<T>;
  /** Any number of responses, until undoExpectResponses(). @default false */
  openEnded?: boolean;
}

/**
 * Nothing here blocks, waits or calls back but from within the tasks that the user's loop runs, and startAndPoll().
 * There are no promises and no syncRequest().
 *
 * It takes over a channel of core's sync_io pattern; or one of the async pattern whose pipes were made with `{ loop }`:
 * either an EventWaitLoop, given here as well, which asks the user's function; or any other loop that the user runs, such
 * as an EpollEventLoop, and then there is nothing to start but startAndPoll().
 */
export class StructuredChannel<
  T extends AnyStructType,
  H extends EventWaitHandle = EventWaitHandle,
> extends ChannelBase<T> {
  readonly #loop: EventWaitLoop<H> | undefined;
  #opsStarted = false;

  /**
   * Takes the channel over. One of the sync_io pattern must not have been started, and is of no use afterwards. `loop` is
   * what the pipes of the other were made with, unless the user runs that by other means.
   */
  constructor(channel: SyncIoChannel<never, H>, type: T, options?: EngineOptions);
  constructor(channel: AnyChannel, type: T, options?: EngineOptions, loop?: EventWaitLoop<H>);
  constructor(
    channel: AnyChannel | SyncIoChannel<never, H>,
    type: T,
    options: EngineOptions = {},
    given?: EventWaitLoop<H>,
  ) {
    const isSyncIo = channel instanceof SyncIoChannel;
    const loop = isSyncIo ? new EventWaitLoop<H>() : given;
    super(
      isSyncIo
        ? engineOver(channel.asyncIoObj({ loop: loop! }), type, options)
        : new Engine(channel, type, options),
    );
    this.#loop = loop;
  }

  /** Gives the event-wait function handles of the user's own making. False once startOps() was called. */
  replaceEventWaitHandles(factory: EventWaitHandleFactory<H>): boolean {
    return this.#loop?.replaceHandles(factory) ?? false;
  }

  /**
   * From now on `eventWait` is asked to watch descriptors. False when called before, or without an EventWaitLoop.
   * What is sent before is queued where the kernel does not take it at once.
   */
  startOps(eventWait: EventWaitFunc<H>): boolean {
    if (!this.#loop || this.#opsStarted) return false;
    this.#opsStarted = true;
    const snd = this.#loop.start('snd', eventWait);
    const rcv = this.#loop.start('rcv', eventWait);
    return snd && rcv;
  }

  /**
   * Begins to receive, and handles what is there already: handlers may be called from within. `onError` hears once
   * why the channel ended, unless a call threw it. False when called before, or before startOps() where that is due.
   */
  startAndPoll(onError?: (error: FlowIpcError) => unknown): boolean {
    if (this.#loop && !this.#opsStarted) return false;
    return this.engine.start(onError, true);
  }

  /**
   * Sends a notification or, with `inResponseTo`, a response. Throws LEAF_TOO_BIG, INVALID_ARGUMENT or SENDS_FINISHED
   * (nothing sent, the channel goes on) or the error that ended the channel.
   */
  send(msg: MsgOut<T>, inResponseTo?: MsgIn<T>): void {
    this.engine.send(msg, inResponseTo);
  }

  /** Sends a request; its id, for undoExpectResponses(). The handler is not told when the channel ends. */
  asyncRequest(msg: MsgOut<T>, handler: Handler<T>, options: AsyncRequestOptions<T> = {}): number {
    return this.engine.request(msg, options.inResponseTo, {
      onResponse: handler,
      onEnd: () => {},
      once: !options.openEnded,
      blocking: false,
    });
  }

  /**
   * Expects one message of the kind. One that came already is returned, and the handler dropped; undefined when the
   * handler will be called. Throws ALREADY_EXPECTED, NOT_LOGGED_IN.
   */
  expectMsg<K extends KindOf<T>>(which: K, handler: Handler<T, K>): MsgIn<T, K> | undefined {
    return this.engine.expectOrTake(which, true, anyKind(handler))[0] as MsgIn<T, K> | undefined;
  }

  /** Expects all messages of the kind. Those that came already are returned, in order; the handler gets later ones. */
  expectMsgs<K extends KindOf<T>>(which: K, handler: Handler<T, K>): MsgIn<T, K>[] {
    return this.engine.expectOrTake(which, false, anyKind(handler)) as unknown as MsgIn<T, K>[];
  }

  /** Log-in server: the request that came already, or undefined when the handler will be called. */
  expectLogInRequest<K extends KindOf<T>>(which: K, handler: Handler<T, K>): MsgIn<T, K> | undefined {
    return this.engine.expectLogInRequest(which, anyKind(handler), false) as MsgIn<T, K> | undefined;
  }

  /** Ends sending behind all that was sent. False when it was ended before. */
  endSending(): boolean {
    return this.engine.endSendingNow();
  }

  /**
   * endSending(), and tells when the kernel has it all: true when it has it now (the handler is dropped then),
   * WOULD_BLOCK when the handler will be called, with the error if there is one. False when sending was ended before.
   */
  asyncEndSending(handler: (error?: FlowIpcError) => void): boolean | WouldBlock {
    if (!this.engine.endSendingNow()) return false;
    return this.engine.whenSent(handler) ? true : WOULD_BLOCK;
  }

  /** Closes at once, with what it waited by; no handler is called. Idempotent. */
  override close(): void {
    super.close();
    this.#loop?.close();
  }
}

/** Closes the channel, which nobody else has, if there can be no engine. */
function engineOver<T extends AnyStructType>(
  channel: AnyChannel,
  type: T,
  options: EngineOptions,
): Engine<T> {
  try {
    return new Engine(channel, type, options);
  } catch (err) {
    channel.close();
    throw err;
  }
}
