// What client and server sessions in the sync_io pattern have in common (features 129, 143-152, 159, 160).
import type { Channel as AsyncChannel, ChannelFeature, FlowIpcError } from '@flow-ipc/core';
import { Channel, type EventWaitHandle, WOULD_BLOCK, type WouldBlock } from '@flow-ipc/core/sync-io';
import type { AnyStructType, SessionToken } from '@flow-ipc/structured';
import { StructuredChannel, type StructuredChannelOptions } from '@flow-ipc/structured/sync-io';
import type { Drive } from '../drive.js';
import type { Session as AsyncSession, SessionCounters, SessionPeer } from '../session.js';
import type { SessionMemory, SessionScope } from '../session-memory.js';
import { type Steps, until, type Wait } from '../steps.js';
import type { MetadataWriter, ReceivedMetadata } from '../user-metadata.js';
import { type Handler, nowOrLater } from './now-or-later.js';
import type { UserFunctions } from './user-drive.js';

/** How long an orderly close waits for a peer that reads nothing. */
const FLUSH_PATIENCE_MS = 5000;

export interface SessionHandlers<H extends EventWaitHandle = EventWaitHandle> {
  /** The session is lost, told once; see the asynchronous form. It is to be closed still. */
  onError?: (error: FlowIpcError) => void;
  /** The peer opened a channel, which is ours now; nothing of it is started. Without this handler it is refused. */
  onPassiveOpen?: (channel: Channel<ChannelFeature, H>, metadata: ReceivedMetadata) => void;
}

export interface OpenChannelOptions {
  /** @default 60000 */
  timeoutMs?: number;
  /** What the peer is to know of the channel; its onPassiveOpen gets it. */
  metadata?: MetadataWriter;
}

type SessionMembers =
  | 'channels'
  | 'scope'
  | 'memory'
  | 'peer'
  | 'peerMetadata'
  | 'counters'
  | 'sessionToken'
  | 'error';

/** The session below, whichever side it is of. */
export interface SessionCore<M extends SessionMemory> extends Pick<AsyncSession<M>, SessionMembers> {
  opening(options: OpenChannelOptions): Steps<AsyncChannel>;
  closing(): Steps<void>;
  drop(): void;
  readonly drive: Drive;
}

/**
 * Nothing here waits or calls back but from within the tasks that the user's loop runs. After close() no handler is
 * called.
 */
export abstract class Session<H extends EventWaitHandle, M extends SessionMemory> implements Disposable {
  protected readonly functions: UserFunctions<H>;
  readonly #structured = new Set<{
    readonly error: FlowIpcError | undefined;
    asyncEndSending(handler: () => void): boolean | WouldBlock;
    close(): void;
  }>();
  #channels: readonly Channel<ChannelFeature, H>[] = [];
  #closing = false;
  #dropped = false;

  protected constructor(functions: UserFunctions<H>) {
    this.functions = functions;
  }

  /** Throws NOT_CONNECTED in NULL state. */
  protected abstract get core(): SessionCore<M>;
  /** False in NULL state. Once open, true for good. */
  abstract get isPeer(): boolean;

  /** To be called once it is open. */
  protected takeChannels(): void {
    this.#channels = this.core.channels.map((channel) => Channel.of<ChannelFeature, H>(channel));
  }

  /** For the session below, whose channels are of the other form. */
  protected coreHandlers(handlers: SessionHandlers<H>) {
    const { onError, onPassiveOpen } = handlers;
    const onCoreError = (error: FlowIpcError) => {
      if (!this.#closing) onError?.(error);
    };
    if (!onPassiveOpen) return { onError: onCoreError };
    return {
      onError: onCoreError,
      onPassiveOpen: (channel: AsyncChannel, metadata: ReceivedMetadata) =>
        this.#closing ? channel.close() : onPassiveOpen(Channel.of<ChannelFeature, H>(channel), metadata),
    };
  }

  /** The channels made while the session opened: those the client asked for, then the server's. */
  get channels(): readonly Channel<ChannelFeature, H>[] {
    return this.#channels;
  }

  get scope(): SessionScope {
    return this.core.scope;
  }

  get memory(): M {
    return this.core.memory;
  }

  get peer(): SessionPeer {
    return this.core.peer;
  }

  get peerMetadata(): ReceivedMetadata {
    return this.core.peerMetadata;
  }

  get counters(): SessionCounters {
    return this.core.counters;
  }

  get sessionToken(): SessionToken {
    return this.core.sessionToken;
  }

  /** Why the session ended, if it did. */
  get error(): FlowIpcError | undefined {
    return this.isPeer ? this.core.error : undefined;
  }

  /**
   * One more channel, of which nothing is started. It takes a round trip, so it is WOULD_BLOCK, and the handler is
   * called later. Any number may be opened at once. False in NULL state; throws why the session ended, if it did, and
   * RESOURCE_UNAVAILABLE. The handler's errors leave the session going: PASSIVE_OPEN_REJECTED, RESOURCE_UNAVAILABLE,
   * OPEN_CHANNEL_TIMEOUT.
   */
  asyncOpenChannel(
    handler: Handler<Channel<ChannelFeature, H>>,
    options: OpenChannelOptions = {},
  ): WouldBlock | false {
    if (!this.isPeer) return false;
    const steps = this.core.opening(options);
    const result = nowOrLater(
      steps,
      (error, channel) => this.#hand(handler, error, channel),
      () => false,
    );
    // The answer comes by the loop.
    return result === WOULD_BLOCK ? WOULD_BLOCK : false;
  }

  #hand(
    handler: Handler<Channel<ChannelFeature, H>>,
    error: FlowIpcError | undefined,
    channel: AsyncChannel | undefined,
  ): void {
    if (this.#closing) channel?.close();
    else handler(error, channel && Channel.of<ChannelFeature, H>(channel));
  }

  /**
   * Makes a channel of this session structured, its messages in the session's memory. It is to be started, with
   * startOps() and startAndPoll(); it is closed with the session.
   */
  structured<T extends AnyStructType>(
    channel: Channel<ChannelFeature, H>,
    type: T,
    options: Omit<StructuredChannelOptions, 'sessionToken' | 'logIn'> = {},
  ): StructuredChannel<T, H> {
    const loop = this.functions.newLoop();
    const { serialization } = this.memory;
    const structured = new StructuredChannel<T, H>(
      channel.asyncIoObj({ loop }),
      type,
      { serialization, ...options, sessionToken: this.sessionToken },
      loop,
    );
    for (const other of this.#structured) if (other.error) this.#structured.delete(other);
    this.#structured.add(structured);
    return structured;
  }

  /**
   * Ends the session in good order: what its structured channels and the master channel have queued leaves, then they
   * close. True when that is done, WOULD_BLOCK when the handler will be called, after five seconds at the latest. False
   * in NULL state, and when called before.
   */
  asyncClose(handler: () => void): boolean | WouldBlock {
    if (!this.isPeer || this.#closing) return false;
    this.#closing = true;
    const result = nowOrLater(
      this.#closeInOrder(),
      () => handler(),
      () => this.#dropped,
    );
    return result === WOULD_BLOCK ? WOULD_BLOCK : true;
  }

  *#closeInOrder(): Steps<void> {
    const { core } = this;
    yield* until(this.#flushed(core.drive));
    for (const channel of this.#structured) channel.close();
    this.#structured.clear();
    yield* core.closing();
    core.drive.close();
  }

  #flushed(drive: Drive): Wait<void> {
    return (done) => {
      let waiting = 0;
      let over = false;
      const finish = () => {
        if (over) return;
        over = true;
        stopTimer();
        done(undefined);
      };
      const stopTimer = drive.after(FLUSH_PATIENCE_MS, finish);
      for (const channel of this.#structured) {
        const sent = channel.asyncEndSending(() => {
          if (--waiting === 0) finish();
        });
        if (sent === WOULD_BLOCK) waiting++;
      }
      if (waiting === 0) finish();
    };
  }

  /** Ends the session and its structured channels at once: what is queued is lost. No handler is called. Idempotent. */
  close(): void {
    this.#closing = this.#dropped = true;
    for (const channel of this.#structured) channel.close();
    this.#structured.clear();
    if (!this.isPeer) return;
    const { core } = this;
    core.drop();
    core.drive.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
