// Client_session in the sync_io pattern (features 138-145, 159, 160).
import { FlowIpcError, TransportError } from '@flow-ipc/core';
import {
  type EventWaitFunc,
  type EventWaitHandle,
  type EventWaitHandleFactory,
  WOULD_BLOCK,
  type WouldBlock,
} from '@flow-ipc/core/sync-io';
import {
  ClientSession as AsyncClientSession,
  type ConnectOptions as AsyncConnectOptions,
  type ClientSessionParts,
  connecting,
} from '../client-session.js';
import type { Drive } from '../drive.js';
import { type ClientMemoryProvider, heapProvider, type SessionMemory } from '../session-memory.js';
import type { Steps } from '../steps.js';
import { nowOrLater } from './now-or-later.js';
import { type OpenChannelOptions, Session, type SessionCore, type SessionHandlers } from './session.js';
import { UserFunctions } from './user-drive.js';

/** To try again later is the caller's: a timer of its loop, and another asyncConnect(). */
export type ConnectOptions<H extends EventWaitHandle = EventWaitHandle> = Omit<
  AsyncConnectOptions,
  'retry' | 'signal' | keyof SessionHandlers
> &
  SessionHandlers<H>;

class ClientCore<M extends SessionMemory> extends AsyncClientSession<M> implements SessionCore<M> {
  declare readonly drive: Drive;

  constructor(parts: ClientSessionParts<M>) {
    super(parts);
  }

  override opening(options: OpenChannelOptions) {
    return super.opening(options);
  }

  override closing(): Steps<void> {
    return super.closing();
  }

  override drop(): void {
    super.drop();
  }
}

/** In NULL state until it is connected: then all but asyncConnect() returns false or throws NOT_CONNECTED. */
export class ClientSession<
  H extends EventWaitHandle = EventWaitHandle,
  M extends SessionMemory = SessionMemory,
> extends Session<H, M> {
  readonly #options: ConnectOptions<H>;
  readonly #provider: ClientMemoryProvider<M>;
  #attempt: AbortController | undefined;
  #core: SessionCore<M> | undefined;
  #closed = false;

  /** Without shared memory, unless a package of such sessions gives its provider. No I/O yet. */
  constructor(options: ConnectOptions<H>, provider = heapProvider as unknown as ClientMemoryProvider<M>) {
    super(new UserFunctions<H>());
    this.#options = options;
    this.#provider = provider;
  }

  get isPeer(): boolean {
    return this.#core !== undefined;
  }

  protected get core(): SessionCore<M> {
    if (!this.#core) throw new FlowIpcError(TransportError.NOT_CONNECTED, 'The session is not connected yet');
    return this.#core;
  }

  /** Gives the event-wait function handles of the user's own making. False once startOps() was called. */
  replaceEventWaitHandles(factory: EventWaitHandleFactory<H>): boolean {
    return this.functions.replaceHandles(factory);
  }

  /** From now on `eventWait` is asked to watch descriptors. False when called before. */
  startOps(eventWait: EventWaitFunc<H>): boolean {
    return this.functions.start(eventWait);
  }

  /**
   * One attempt to connect, as ClientSession.connect() makes it, and with its errors: thrown when they are found at
   * once (there is no server), else told to the handler, which hears undefined when the session is open. False before
   * startOps(), while an attempt is under way, when it is open already and after close(). After a failure it may be
   * called again.
   */
  asyncConnect(handler: (error: FlowIpcError | undefined) => void): boolean | WouldBlock {
    if (!this.functions.started || this.#attempt || this.#core || this.#closed) return false;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const result = nowOrLater(this.#connecting(attempt.signal), handler, () => this.#closed);
    return result === WOULD_BLOCK ? WOULD_BLOCK : true;
  }

  *#connecting(signal: AbortSignal): Steps<void> {
    const drive = this.functions.newDrive();
    const { onError, onPassiveOpen, ...rest } = this.#options;
    const handlers = this.coreHandlers({
      ...(onError && { onError }),
      ...(onPassiveOpen && { onPassiveOpen }),
    });
    const options = { ...rest, ...handlers, signal };
    try {
      this.#core = yield* connecting(options, this.#provider, (parts) => new ClientCore<M>(parts), drive);
      this.takeChannels();
    } finally {
      this.#attempt = undefined;
    }
  }

  override close(): void {
    this.#closed = true;
    super.close();
    this.#attempt?.abort();
  }
}
