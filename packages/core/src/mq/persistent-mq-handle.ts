// Persistent_mq_handle: what POSIX and Boost message queues have in common (features 60-63).
import { constants } from 'node:os';
import { type MessageQueue, MQ_RECEIVE, MQ_SEND, mqCreate, mqInterrupt, mqOpen } from '@flow-ipc/native';
import type { EventLoop } from '../event-loop/event-loop.js';
import { uvEventLoop } from '../event-loop/uv-event-loop.js';
import { FlowIpcError, TransportError } from '../util/errors.js';
import { type PermissionsLevel, sharedResourceMode } from '../util/permissions.js';
import type { PersistentKind } from '../util/persistent.js';
import { SharedName } from '../util/shared-name.js';
import { closedQueueError, mqError, openingError } from './mq-errors.js';
import { waitForQueue } from './mq-wait.js';

const { EAGAIN, EEXIST, ENOENT } = constants.errno;

/** Names what only streams over a queue may call. */
export const RELEASE: unique symbol = Symbol('release');

/** POSIX's, or Boost.Interprocess's in shared memory. */
export type MqKind = 'posix' | 'bipc';

/** What a new queue is like. */
export interface MqOptions {
  /** Messages that fit before senders have to wait; at least 1. */
  maxMessages: number;
  /** Bytes of the longest message; at least 1, and 8 for a stream over it. */
  maxMsgSize: number;
  /** Who may use it, whatever the umask. @default 'user' */
  permissions?: PermissionsLevel;
}

export interface MqWaitOptions {
  signal?: AbortSignal;
  /** What drives the wait. @default this thread's event loop */
  loop?: EventLoop;
}

/** The class of one kind of queue. */
export interface MqHandleClass<H extends PersistentMqHandle = PersistentMqHandle> extends PersistentKind {
  readonly kind: MqKind;
  create(name: SharedName | string, options: MqOptions): H;
  open(name: SharedName | string): H;
  openOrCreate(name: SharedName | string, options: MqOptions): H;
}

/**
 * A handle of a queue that lives in the kernel under its name, until the name is removed and the last handle closed.
 * Any number of handles, in any processes, may send and receive.
 *
 * Messages are 0 to {@link maxMsgSize} bytes, all or nothing; equal priority, so in order. Each way has an operation that
 * never blocks (try…), one that blocks this thread, and one that does so for a limited time; and waits that transmit
 * nothing. In a thread with an event loop use the promises ({@link whenReceivable}) or a BlobStreamMqReceiver instead.
 *
 * Errors: MQ_MESSAGE_SIZE when the message is too long or the room too small (all goes on); INTERRUPTED; CLOSED; and, of a
 * Boost queue whose memory is damaged or whose user died in the midst of it, MQ_BIPC_MISC_LIBRARY_ERROR, for good.
 */
export abstract class PersistentMqHandle implements Disposable {
  readonly absoluteName: SharedName;
  readonly maxMessages: number;
  readonly maxMsgSize: number;
  readonly #cancels = new Set<(error: FlowIpcError) => void>();
  #queue: MessageQueue | undefined;

  protected constructor(queue: MessageQueue) {
    this.#queue = queue;
    this.absoluteName = new SharedName(queue.name);
    this.maxMessages = queue.maxMessages;
    this.maxMsgSize = queue.maxMessageSize;
  }

  abstract readonly kind: MqKind;

  get closed(): boolean {
    return this.#queue === undefined;
  }

  /** False when the queue is full. */
  trySend(blob: Uint8Array): boolean {
    return this.#sent(this.#open().trySend(blob, 0, blob.length));
  }

  /** Blocks this thread while the queue is full. */
  send(blob: Uint8Array): void {
    this.#sent(this.#open().send(blob, 0, blob.length, -1));
  }

  /** False when the queue was full for `timeoutMs`. */
  timedSend(blob: Uint8Array, timeoutMs: number): boolean {
    return this.#sent(this.#open().send(blob, 0, blob.length, checkTimeout(timeoutMs)));
  }

  /**
   * The part of `target` that a message was received into, or null when there is none. `target` has at least
   * {@link maxMsgSize} bytes; without one, the message gets memory of its own.
   */
  tryReceive(target?: Uint8Array): Uint8Array | null {
    return this.#receive(target, (queue, room) => queue.tryReceive(room, 0, room.length));
  }

  /** Blocks this thread until there is a message. */
  receive(target?: Uint8Array): Uint8Array {
    // Null only while this worker is being terminated, when no more JavaScript runs.
    return this.#receive(target, (queue, room) => queue.receive(room, 0, room.length, -1)) as Uint8Array;
  }

  /** Null when there was none for `timeoutMs`. */
  timedReceive(timeoutMs: number, target?: Uint8Array): Uint8Array | null {
    const ms = checkTimeout(timeoutMs);
    return this.#receive(target, (queue, room) => queue.receive(room, 0, room.length, ms));
  }

  isSendable(): boolean {
    return this.#flag(this.#open().ready(MQ_SEND), 'Cannot tell whether one can send');
  }

  isReceivable(): boolean {
    return this.#flag(this.#open().ready(MQ_RECEIVE), 'Cannot tell whether one can receive');
  }

  /** Blocks this thread until the queue is not full. Nothing is reserved: another sender may be quicker. */
  waitSendable(): void {
    this.#flag(this.#open().wait(MQ_SEND, -1), 'Cannot wait to send');
  }

  /** Blocks this thread until there is a message. */
  waitReceivable(): void {
    this.#flag(this.#open().wait(MQ_RECEIVE, -1), 'Cannot wait for a message');
  }

  /** False when the time ran out. */
  timedWaitSendable(timeoutMs: number): boolean {
    return this.#flag(this.#open().wait(MQ_SEND, checkTimeout(timeoutMs)), 'Cannot wait to send');
  }

  timedWaitReceivable(timeoutMs: number): boolean {
    return this.#flag(this.#open().wait(MQ_RECEIVE, checkTimeout(timeoutMs)), 'Cannot wait for a message');
  }

  /** Settles when the queue is not full; rejects on abort and on interruptSends(). */
  whenSendable(options: MqWaitOptions = {}): Promise<void> {
    return this.#when(MQ_SEND, options);
  }

  /** Settles when there is a message; rejects on abort and on interruptReceives(). */
  whenReceivable(options: MqWaitOptions = {}): Promise<void> {
    return this.#when(MQ_RECEIVE, options);
  }

  /**
   * Makes operations and waits that block for sending fail with INTERRUPTED, those in progress too, until
   * {@link allowSends}. False when they do already. What never blocks goes on. For a thread that blocks, another one
   * does it by an {@link MqInterrupter}.
   */
  interruptSends(): boolean {
    return this.interrupter.interruptSends();
  }

  /** False when sends were allowed already. */
  allowSends(): boolean {
    return this.interrupter.allowSends();
  }

  interruptReceives(): boolean {
    return this.interrupter.interruptReceives();
  }

  allowReceives(): boolean {
    return this.interrupter.allowReceives();
  }

  get interrupter(): MqInterrupter {
    return new MqInterrupter(this.interruptToken);
  }

  /** Names this handle within the process: send it to another thread, for `new MqInterrupter(token)`. */
  get interruptToken(): number {
    return this.#open().id;
  }

  /** The queue, its messages and its name stay; waits are rejected with CLOSED. Idempotent. */
  close(): void {
    this.#cancelWaits();
    this.#queue?.close();
    this.#queue = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  toString(): string {
    return `${this.kind}@${this.absoluteName}`;
  }

  /** Hands the queue over to a stream; this handle is closed then. */
  [RELEASE](): MessageQueue {
    const queue = this.#open();
    this.#cancelWaits();
    this.#queue = undefined;
    return queue;
  }

  /** The descriptor to watch in one direction. */
  protected watchFd(direction: number): number {
    return this.#open().watchFd(direction);
  }

  #cancelWaits(): void {
    for (const cancel of this.#cancels) cancel(closedQueueError(String(this.absoluteName)));
  }

  #open(): MessageQueue {
    if (!this.#queue) throw closedQueueError(String(this.absoluteName));
    return this.#queue;
  }

  #sent(code: number): boolean {
    if (code === 0) return true;
    if (code === -EAGAIN) return false;
    throw mqError(code, String(this.absoluteName), 'Cannot send');
  }

  #receive(
    target: Uint8Array | undefined,
    call: (queue: MessageQueue, room: Uint8Array) => number,
  ): Uint8Array | null {
    const queue = this.#open();
    const room = target ?? new Uint8Array(this.maxMsgSize);
    const n = call(queue, room);
    if (n >= 0) return target ? room.subarray(0, n) : room.slice(0, n);
    if (n === -EAGAIN) return null;
    throw mqError(n, String(this.absoluteName), 'Cannot receive');
  }

  #flag(code: number, what: string): boolean {
    if (code >= 0) return code === 1;
    throw mqError(code, String(this.absoluteName), what);
  }

  #when(direction: number, { signal, loop = uvEventLoop }: MqWaitOptions): Promise<void> {
    try {
      return waitForQueue(this.#open(), this.kind, direction, loop, signal, this.#cancels);
    } catch (err) {
      return Promise.reject(err);
    }
  }
}

/** Interrupts the blocking operations on a handle of this process from any of its threads. */
export class MqInterrupter {
  /** The handle's {@link PersistentMqHandle.interruptToken}. */
  readonly token: number;

  constructor(token: number) {
    this.token = token;
  }

  /** See the method of the same name of the handle. Throws CLOSED when the handle is closed. */
  interruptSends(): boolean {
    return this.#set(MQ_SEND, true);
  }

  allowSends(): boolean {
    return this.#set(MQ_SEND, false);
  }

  interruptReceives(): boolean {
    return this.#set(MQ_RECEIVE, true);
  }

  allowReceives(): boolean {
    return this.#set(MQ_RECEIVE, false);
  }

  #set(direction: number, on: boolean): boolean {
    const code = mqInterrupt(this.token, direction, on);
    if (code >= 0) return code === 1;
    throw new FlowIpcError(TransportError.CLOSED, 'The handle to be interrupted is closed');
  }
}

function checkTimeout(ms: number): number {
  if (!(ms >= 0)) throw new RangeError(`Not a time in milliseconds: ${ms}`);
  return ms === Number.POSITIVE_INFINITY ? -1 : ms;
}

/** A new queue; FlowIpcError SYSTEM with errno EEXIST when the name is taken. */
export function createQueue(kind: MqKind, name: SharedName | string, options: MqOptions): MessageQueue {
  const { maxMessages, maxMsgSize, permissions = 'user' } = options;
  if (!(maxMessages >= 1) || !(maxMsgSize >= 1)) {
    throw new RangeError('A queue has room for at least one message of at least one byte');
  }
  const mode = sharedResourceMode(permissions);
  try {
    return mqCreate(kind, String(name), maxMessages, maxMsgSize, mode);
  } catch (err) {
    throw openingError(err, `Cannot create queue ${name}`);
  }
}

/** FlowIpcError SYSTEM with errno ENOENT when there is none. */
export function openQueue(kind: MqKind, name: SharedName | string): MessageQueue {
  try {
    return mqOpen(kind, String(name));
  } catch (err) {
    throw openingError(err, `Cannot open queue ${name}`);
  }
}

/** Whichever is possible, however many processes do the same at once. */
export function openOrCreateQueue(kind: MqKind, name: SharedName | string, options: MqOptions): MessageQueue {
  for (;;) {
    try {
      return openQueue(kind, name);
    } catch (err) {
      if ((err as FlowIpcError).errno !== -ENOENT) throw err;
    }
    try {
      return createQueue(kind, name, options);
    } catch (err) {
      if ((err as FlowIpcError).errno !== -EEXIST) throw err;
    }
  }
}
