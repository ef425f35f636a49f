// Msg_in: a received message, read in place (feature 91).
import { MessageReader, type ReaderOf, type WhichOf } from '@flow-ipc/capnp';
import { FlowIpcError, type NativeHandle } from '@flow-ipc/core';
import { StructError } from './errors.js';
import type { AnyStructType } from './msg-out.js';
import type { ReceivedBody } from './serialization.js';

/**
 * Read-only. Release it (`using`, release()) when done: with shared memory its bytes go back to the sender then,
 * and every view of them is dead. What is never released is when collected. A descriptor that came along is
 * closed with it unless taken with takeNativeHandle().
 */
export class MsgIn<T extends AnyStructType> implements Disposable {
  readonly id: number;
  /** Id of our message that this one answers; 0 when it answers none. */
  readonly originatingId: number;
  readonly #type: T;
  readonly #received: ReceivedBody;
  #handle: NativeHandle | null;
  #root: ReaderOf<T> | undefined;
  #released = false;

  constructor(
    type: T,
    received: ReceivedBody,
    handle: NativeHandle | null,
    id: number,
    originatingId: number,
  ) {
    this.id = id;
    this.originatingId = originatingId;
    this.#type = type;
    this.#received = received;
    this.#handle = handle;
  }

  get body(): ReaderOf<T> {
    if (this.#released) throw new FlowIpcError(StructError.RELEASED, 'The received message was released');
    this.#root ??= new MessageReader(this.#received.segments).getRoot(this.#type) as ReaderOf<T>;
    return this.#root!;
  }

  /** The member that the body's anonymous union holds; undefined for one that our schema does not know. */
  get which(): WhichOf<T> | undefined {
    return (this.body as { which?: WhichOf<T> }).which;
  }

  /** The descriptor that came along, still owned by the message, or null. */
  get nativeHandle(): NativeHandle | null {
    return this.#handle;
  }

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
}
