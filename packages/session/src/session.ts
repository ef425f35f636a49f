// Session: what client and server sessions have in common: the master channel, its liveness, its channels.
import {
  abortedError,
  type Channel,
  type ChannelCounters,
  FlowIpcError,
  type ProcessCredentials,
  processStartTime,
  TransportError,
} from '@flow-ipc/core';
import {
  type AnyStructType,
  type SessionToken,
  StructuredChannel,
  type StructuredChannelOptions,
} from '@flow-ipc/structured';
import type { App } from './app.js';
import { publish, type Role } from './diagnostics.js';
import type { Drive } from './drive.js';
import { SessionError } from './errors.js';
import type { Metadata } from './generated/common.capnp.js';
import { OpenChannelResult } from './generated/session-master-channel.capnp.js';
import {
  closed,
  type MasterChannel,
  type MasterMsgIn,
  type MasterMsgOut,
  response,
} from './master-channel.js';
import type { SessionMemory, SessionScope } from './session-memory.js';
import { inPromise, promised, type Steps, until } from './steps.js';
import { type MetadataWriter, type ReceivedMetadata, readMetadata } from './user-metadata.js';

export const OPEN_CHANNEL_TIMEOUT_MS = 60_000;

export interface SessionHandlers {
  /** The session is lost: peer gone (ERR_FLOW_IPC_EOF), silent (…IDLE_TIMEOUT), … Told once, never of our own close(). */
  onError?: (error: FlowIpcError) => void;
  /** The peer opened a channel, which is ours now. Without this handler its openChannel() is refused. */
  onPassiveOpen?: (channel: Channel, metadata: ReceivedMetadata) => void;
}

export interface LivenessOptions {
  /** How often we tell the peer that we live. @default 2000 */
  pingPeriodMs?: number;
  /** How long the peer may be silent. @default 5000 */
  idleTimeoutMs?: number;
}

export interface OpenChannelOptions {
  signal?: AbortSignal;
  /** @default 60000 */
  timeoutMs?: number;
  /** What the peer is to know of the channel; its onPassiveOpen gets it. */
  metadata?: MetadataWriter;
}

/** What a subclass is made of once its log-in is done. */
export interface SessionParts<M extends SessionMemory> {
  role: Role;
  /** The app at the other end, which it was checked to be. */
  peerApp: App;
  peerMetadata: ReceivedMetadata;
  master: MasterChannel;
  /** What the master channel is driven by. */
  drive: Drive;
  scope: SessionScope;
  memory: M;
  channels: Channel[];
}

/** Who is at the other end: as the kernel says, and as which app it was checked. */
export interface SessionPeer extends ProcessCredentials {
  readonly app: App;
  /** In clock ticks since boot; with the pid it names the process for good. Undefined: it was gone at once. */
  readonly startTime: number | undefined;
}

/** Counted since the session opened. */
export interface SessionCounters {
  /** Channels that openChannel() gave, and those that it failed to give. */
  opened: number;
  openFailures: number;
  /** Channels that the peer opened, and those that it was refused. */
  accepted: number;
  refused: number;
  /** Of the master channel: log-in, channel opening, pings. */
  master: ChannelCounters;
}

export abstract class Session<M extends SessionMemory = SessionMemory> implements AsyncDisposable {
  /** The channels made while the session opened: those the client asked for, then the server's. */
  readonly channels: readonly Channel[];
  readonly scope: SessionScope;
  /** This side's memory of the session; which kind depends on the package the session comes from. */
  readonly memory: M;
  readonly peer: SessionPeer;
  /** What the peer attached to the log-in. */
  readonly peerMetadata: ReceivedMetadata;
  protected readonly master: MasterChannel;
  protected readonly drive: Drive;
  readonly #role: Role;
  readonly #counts = { opened: 0, openFailures: 0, accepted: 0, refused: 0 };
  readonly #structured = new Set<{ error: FlowIpcError | undefined; closeGracefully(): Promise<void> }>();
  #handlers: SessionHandlers | undefined;
  #error: FlowIpcError | undefined;

  protected constructor(parts: SessionParts<M>) {
    this.master = parts.master;
    this.drive = parts.drive;
    this.scope = parts.scope;
    this.memory = parts.memory;
    this.channels = parts.channels;
    this.peerMetadata = parts.peerMetadata;
    this.#role = parts.role;
    // The master channel is a socket: it can tell.
    const { pid, uid, gid } = this.master.ownedChannel.remotePeerProcessCredentials!;
    this.peer = { pid, uid, gid, app: parts.peerApp, startTime: processStartTime(pid) };
    publish('flow-ipc:session:open', () => ({ role: parts.role, scope: this.scope, peerPid: pid }));
  }

  /**
   * Opens one more channel; the peer's onPassiveOpen gets the other end. PASSIVE_OPEN_REJECTED, RESOURCE_UNAVAILABLE
   * (no descriptors or queues left, on either side), OPEN_CHANNEL_TIMEOUT, ABORTED: the session goes on.
   */
  openChannel(options: OpenChannelOptions = {}): Promise<Channel> {
    return inPromise(this.opening(options));
  }

  /** openChannel(), whoever drives it. */
  protected *opening(options: OpenChannelOptions): Steps<Channel> {
    if (this.#error) throw this.#error;
    try {
      const channel = yield* this.open(options);
      this.#counts.opened++;
      publish('flow-ipc:session:channel', () => ({ role: this.#role, scope: this.scope, active: true }));
      return channel;
    } catch (err) {
      this.#openFailed('openFailures', err);
      throw err;
    }
  }

  protected abstract open(options: OpenChannelOptions): Steps<Channel>;

  /**
   * The peer asks for a channel: `make` has or takes our end, `answer` tells the peer. Nothing that goes wrong here
   * ends the session.
   */
  protected passiveOpen(
    make: () => Channel,
    attached: Metadata.Reader,
    answer: (result: OpenChannelResult) => void,
  ): void {
    const handler = this.#handlers?.onPassiveOpen;
    let channel: Channel | undefined;
    let metadata: ReceivedMetadata;
    try {
      if (!handler)
        throw new FlowIpcError(SessionError.PASSIVE_OPEN_REJECTED, 'There is no onPassiveOpen handler');
      metadata = readMetadata(attached);
      channel = make();
      answer(OpenChannelResult.accepted);
    } catch (err) {
      this.#openFailed('refused', err);
      if (channel) channel.close();
      else this.#refuse(answer, handler ? 'rejectedResourceUnavailable' : 'rejectedPassiveOpen');
      // An answer that could not be sent: the master channel tells only who sent it.
      if (this.master.error) this.lost(this.master.error);
      return;
    }
    this.#counts.accepted++;
    publish('flow-ipc:session:channel', () => ({ role: this.#role, scope: this.scope, active: false }));
    handler!(channel, metadata);
  }

  #refuse(
    answer: (result: OpenChannelResult) => void,
    result: 'rejectedResourceUnavailable' | 'rejectedPassiveOpen',
  ): void {
    try {
      answer(OpenChannelResult[result]);
    } catch {
      // The caller looks at the channel.
    }
  }

  #openFailed(count: 'openFailures' | 'refused', error: unknown): void {
    this.#counts[count]++;
    publish('flow-ipc:session:channel-failed', () => ({
      role: this.#role,
      scope: this.scope,
      active: count === 'openFailures',
      error: error as FlowIpcError,
    }));
  }

  get counters(): SessionCounters {
    return { ...this.#counts, master: this.master.ownedChannel.counters };
  }

  /** The token that the session's structured channels carry. */
  get sessionToken(): SessionToken {
    return this.master.sessionToken;
  }

  /** Why the session ended, if it did. */
  get error(): FlowIpcError | undefined {
    return this.#error;
  }

  /**
   * Makes a channel of this session structured, its messages in the session's memory. Started at once, and closed
   * with the session.
   */
  structured<T extends AnyStructType>(
    channel: Channel,
    type: T,
    options: Omit<StructuredChannelOptions<T>, 'sessionToken' | 'logIn'> = {},
  ): StructuredChannel<T> {
    const structured = new StructuredChannel(channel, type, {
      serialization: this.memory.serialization,
      ...options,
      sessionToken: this.sessionToken,
    });
    for (const other of this.#structured) if (other.error) this.#structured.delete(other);
    this.#structured.add(structured);
    return structured;
  }

  /**
   * Ends the session in good order: what its structured channels and the master channel have queued leaves, then
   * they close, and the peer's onError is told that its sending ended. Unstructured channels stay open; shared
   * memory of the session goes. Idempotent.
   */
  close(): Promise<void> {
    return inPromise(this.closing());
  }

  /** close(), whoever drives it. */
  protected *closing(): Steps<void> {
    if (!this.#beginClose()) return;
    if (this.#structured.size > 0) {
      const channels = [...this.#structured];
      this.#structured.clear();
      yield* until(promised(Promise.all(channels.map((channel) => channel.closeGracefully()))));
    }
    const finished = this.memory.finish?.();
    if (finished) yield* until(promised(finished));
    yield* until(closed(this.master, this.drive));
    this.ended();
  }

  /** Ends the session at once: what is queued is lost, what waits is rejected. */
  protected drop(): void {
    this.#beginClose();
    this.master.close();
    this.ended();
  }

  /** False when it was closed before. */
  #beginClose(): boolean {
    if (this.#error?.code === SessionError.CLOSED) return false;
    if (!this.#error) this.#publishClose(undefined);
    this.#error ??= new FlowIpcError(SessionError.CLOSED, 'The session was closed');
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  protected attach(handlers: SessionHandlers): void {
    this.#handlers = handlers;
    if (this.#error && this.#error.code !== SessionError.CLOSED) handlers.onError?.(this.#error);
  }

  /** For who made the master channel: it ended by itself. */
  lost(error: FlowIpcError): void {
    if (this.#error) return;
    this.#error = error;
    this.#publishClose(error);
    this.ended();
    this.#handlers?.onError?.(error);
  }

  /** What the session had in the kernel goes. Called once or twice. */
  protected ended(): void {
    this.memory.close();
  }

  #publishClose(error: FlowIpcError | undefined): void {
    publish('flow-ipc:session:close', () => ({ role: this.#role, scope: this.scope, error }));
  }

  /** Sends an open-channel request; a time-out gets the session layer's own code. */
  protected *requestOpen(msg: MasterMsgOut, options: OpenChannelOptions): Steps<MasterMsgIn> {
    const { signal, timeoutMs = OPEN_CHANNEL_TIMEOUT_MS } = options;
    if (signal?.aborted) throw abortedError(signal);
    if (!(timeoutMs >= 0)) throw new RangeError(`timeoutMs is no duration: ${timeoutMs}`);
    try {
      return yield* until(response(this.master, msg, this.drive, { timeoutMs, signal }));
    } catch (err) {
      // An error that sending met is told to us only.
      if (this.master.error) this.lost(this.master.error);
      if ((err as FlowIpcError).code !== TransportError.TIMEOUT) throw err;
      throw new FlowIpcError(
        SessionError.OPEN_CHANNEL_TIMEOUT,
        `The peer did not answer within ${timeoutMs} ms`,
        { cause: err },
      );
    }
  }
}

/** Throws what a refusal means; returns on acceptance. */
export function checkOpenResult(result: OpenChannelResult): void {
  if (result === OpenChannelResult.accepted) return;
  if (result === OpenChannelResult.rejectedPassiveOpen) {
    throw new FlowIpcError(
      SessionError.PASSIVE_OPEN_REJECTED,
      'The peer takes no channels: it has no onPassiveOpen handler',
    );
  }
  throw new FlowIpcError(SessionError.RESOURCE_UNAVAILABLE, 'The server side could not make the channel');
}
