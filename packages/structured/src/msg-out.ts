// Msg_out: a message being made; sent once, many times, or on several channels (features 88-90).
import { inspect } from 'node:util';
import { type BuilderOf, type StructReader, summary } from '@flow-ipc/capnp';
import { FlowIpcError, type NativeHandle } from '@flow-ipc/core';
import { StructError } from './errors.js';
import type { AnyStructType } from './kinds.js';
import type { BodyBuilder, OutgoingBody, Serialization } from './serialization.js';

/**
 * Owns its body and up to one descriptor. Sending does not consume it: change it and send it again, or dispose
 * of it. In shared memory the receiver sees later changes of a message that was sent.
 */
export class MsgOut<T extends AnyStructType> implements Disposable {
  readonly #type: T;
  readonly #body: OutgoingBody;
  #handle: NativeHandle | null = null;
  #root: BuilderOf<T> | undefined;
  #released = false;

  /**
   * Takes `body` over. With `filled`, it has its root already; otherwise an empty one is made. One without a builder
   * is sent as it is.
   */
  constructor(type: T, body: BodyBuilder | OutgoingBody, filled = false) {
    this.#type = type;
    this.#body = body;
    if (!('builder' in body)) return;
    // The root object comes first in segment 0, whatever is set first.
    this.#root = (filled ? body.builder.getRoot(type) : body.builder.initRoot(type)) as BuilderOf<T>;
  }

  /**
   * The root of the body: what the schema's generated builder offers. TypeError for a message that is sent on in the
   * memory that it came in: see forwardMsg().
   */
  get body(): BuilderOf<T> {
    this.#checkLive();
    if (!this.#root) throw new TypeError('A message that is sent on as it came has no body to be written');
    return this.#root;
  }

  get type(): T {
    return this.#type;
  }

  /**
   * The descriptor that goes along, or null. Setting takes it over and closes the one before; setting the same
   * again does nothing. It stays the message's through every sending.
   */
  get nativeHandle(): NativeHandle | null {
    return this.#handle;
  }

  set nativeHandle(handle: NativeHandle | null) {
    this.#checkLive();
    if (this.#handle !== handle) this.#handle?.close();
    this.#handle = handle;
  }

  /** Takes the descriptor back out: the caller's again. */
  takeNativeHandle(): NativeHandle | null {
    const handle = this.#handle;
    this.#handle = null;
    return handle;
  }

  /** @internal For the channel. */
  emit(maxBlobSize: number, through: Serialization): Uint8Array[] {
    this.#checkLive();
    return this.#body.emit(maxBlobSize, through);
  }

  /** @internal What emit() gave could not be sent. */
  retract(): void {
    this.#body.retract?.();
  }

  get released(): boolean {
    return this.#released;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#root = undefined;
    this.#handle?.close();
    this.#body.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** For logs: the body, cut to about 256 characters. */
  toString(): string {
    if (this.#released) return 'MsgOut released';
    const root = this.#root as unknown as { asReader(): StructReader } | undefined;
    if (!root) return `MsgOut${this.#handle ? ' +fd' : ''} sent on as it came`;
    return `MsgOut${this.#handle ? ' +fd' : ''} ${summary(root.asReader())}`;
  }

  [inspect.custom](): string {
    return this.toString();
  }

  #checkLive(): void {
    if (this.#released) throw new FlowIpcError(StructError.RELEASED, 'The outgoing message was released');
  }
}
