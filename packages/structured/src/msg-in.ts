// Msg_in: a received message, read in place (feature 91).
import { inspect } from 'node:util';
import { MemoryPart, MessageReader, type ReaderOf, type StructReader, summary } from '@flow-ipc/capnp';
import { FlowIpcError, type NativeHandle } from '@flow-ipc/core';
import { StructError } from './errors.js';
import type { AnyKindOf, AnyStructType, BodyOf, KindOf } from './kinds.js';
import type { OutgoingBody, ReceivedBody, Serialization } from './serialization.js';

/** The channel that a message came by. */
export interface MessageOwner<T extends AnyStructType> {
  readonly type: T;
  readonly serialization: Serialization;
}

export type Handler<T extends AnyStructType, K extends AnyKindOf<T> = AnyKindOf<T>> = (
  message: MsgIn<T, K>,
) => unknown;

/** A handler of one kind as the engine keeps it, which sees to it that no other kind gets there. */
export const anyKind = <T extends AnyStructType, K extends AnyKindOf<T>>(
  handler: Handler<T, K>,
): Handler<T> => handler as unknown as Handler<T>;

/**
 * Read-only. Release it (`using`, release()) when done: with shared memory its bytes go back to the sender then,
 * and every view of them is dead. What is never released is when collected. A descriptor that came along is
 * closed with it unless taken with takeNativeHandle().
 */
export class MsgIn<T extends AnyStructType, K extends AnyKindOf<T> = AnyKindOf<T>> implements Disposable {
  readonly id: number;
  /** Id of our message that this one answers; 0 when it answers none. */
  readonly originatingId: number;
  /** @internal What it keeps of this process's memory while it waits, in bytes. */
  readonly heldBytes: number;
  /** @internal */
  readonly owner: MessageOwner<T>;
  readonly #received: ReceivedBody;
  #handle: NativeHandle | null;
  #root: ReaderOf<T> | undefined;
  #released = false;

  /** Made by channels. */
  constructor(
    owner: MessageOwner<T>,
    received: ReceivedBody,
    handle: NativeHandle | null,
    id: number,
    originatingId: number,
    heldBytes: number,
  ) {
    this.id = id;
    this.originatingId = originatingId;
    this.heldBytes = heldBytes;
    this.owner = owner;
    this.#received = received;
    this.#handle = handle;
  }

  /** The body's root. Throws MESSAGE_RELEASED after release, CapnpError where the peer's bytes are damaged. */
  get body(): BodyOf<T, K> {
    if (this.#released) throw new FlowIpcError(StructError.RELEASED, 'The received message was released');
    this.#root ??= new MessageReader(this.#received.segments).getRoot(this.owner.type) as ReaderOf<T>;
    return this.#root as BodyOf<T, K>;
  }

  /** The member that the body's anonymous union holds; undefined for one that our schema does not know. */
  get which(): K {
    return (this.body as { which?: unknown }).which as K;
  }

  /** Whether it is of a kind; the compiler then knows its body. */
  is<L extends KindOf<T>>(kind: L): this is MsgIn<T, L> {
    return (this.which as unknown) === kind;
  }

  /** The body's message: its segments, for tools that work on any Cap'n Proto message. Views; valid until release. */
  get segments(): readonly (Uint8Array | ArrayBuffer)[] {
    if (this.#released) throw new FlowIpcError(StructError.RELEASED, 'The received message was released');
    return this.#received.segments.map((part) => (part instanceof MemoryPart ? part.toBytes() : part));
  }

  /** @internal See ReceivedBody. */
  sendOn(through: Serialization): OutgoingBody | undefined {
    if (this.#released) throw new FlowIpcError(StructError.RELEASED, 'The received message was released');
    return this.#received.sendOn?.(through);
  }

  /** The descriptor that came along, still owned by the message, or null. */
  get nativeHandle(): NativeHandle | null {
    return this.#handle;
  }

  /** Hands the descriptor over to the caller, who closes it; null when there is none, or it was taken. */
  takeNativeHandle(): NativeHandle | null {
    const handle = this.#handle;
    this.#handle = null;
    return handle;
  }

  get released(): boolean {
    return this.#released;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#root = undefined;
    this.#handle?.close();
    this.#received.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** For logs: ids and the body, cut to about 256 characters. */
  toString(): string {
    const origin = this.originatingId === 0 ? '' : ` to ${this.originatingId}`;
    const handle = this.#handle ? ' +fd' : '';
    const body = this.#released ? 'released' : summary(this.body as StructReader);
    return `MsgIn ${this.id}${origin}${handle} ${body}`;
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
