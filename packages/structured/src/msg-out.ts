// Msg_out: a message being made; sent once, many times, or on several channels (features 88-90).
import type { BuilderOf, StructType } from '@flow-ipc/capnp';
import { FlowIpcError, type NativeHandle } from '@flow-ipc/core';
import { StructError } from './errors.js';
import type { BodyBuilder } from './serialization.js';

// biome-ignore lint/suspicious/noExplicitAny: the reader and builder classes are inferred from the schema value.
export type AnyStructType = StructType<any, any>;

/**
 * Owns its body and up to one descriptor. Sending does not consume it: change it and send it again, or dispose
 * of it. In shared memory the receiver sees later changes of a message that was sent.
 */
export class MsgOut<T extends AnyStructType> implements Disposable {
  readonly #type: T;
  readonly #body: BodyBuilder;
  #handle: NativeHandle | null = null;
  #root: BuilderOf<T> | undefined;
  #released = false;

  constructor(type: T, body: BodyBuilder) {
    this.#type = type;
    this.#body = body;
    // The root object comes first in segment 0, whatever is set first.
    this.#root = body.builder.initRoot(type) as BuilderOf<T>;
  }

  /** The root of the body: what the schema's generated builder offers. */
  get body(): BuilderOf<T> {
    this.#checkLive();
    return this.#root!;
  }

  get type(): T {
    return this.#type;
  }

  /** The descriptor that goes along, or null. Setting takes it over and closes the one before. */
  get nativeHandle(): NativeHandle | null {
    return this.#handle;
  }

  set nativeHandle(handle: NativeHandle | null) {
    this.#checkLive();
    if (this.#handle !== handle) this.#handle?.close();
    this.#handle = handle;
  }

  /** For the channel. */
  emit(maxBlobSize: number): Uint8Array[] {
    this.#checkLive();
    return this.#body.emit(maxBlobSize);
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

  #checkLive(): void {
    if (this.#released) throw new FlowIpcError(StructError.RELEASED, 'The outgoing message was released');
  }
}
