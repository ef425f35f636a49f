// What waits for the one response to a request: a promise, or a caller that blocks.
import { FlowIpcError } from '@flow-ipc/core';
import { StructError } from './errors.js';
import type { AnyKindOf, AnyStructType } from './kinds.js';
import type { MsgIn } from './msg-in.js';
import type { ResponseExpectation } from './responses.js';

export class PromisedResponse<T extends AnyStructType, K extends AnyKindOf<T>>
  implements ResponseExpectation<MsgIn<T>>
{
  readonly once = true;
  readonly blocking = false;
  readonly #kind: K | undefined;
  readonly #resolve: (message: MsgIn<T, K>) => void;
  readonly #reject: (error: FlowIpcError) => void;

  /** With a kind, a response of any other is an error. */
  constructor(
    kind: K | undefined,
    resolve: (message: MsgIn<T, K>) => void,
    reject: (error: FlowIpcError) => void,
  ) {
    this.#kind = kind;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onResponse(message: MsgIn<T>): void {
    if (isOfKind(message, this.#kind)) this.#resolve(message);
    else this.#reject(refused(message, this.#kind));
  }

  onEnd(error: FlowIpcError): void {
    this.#reject(error);
  }
}

export class BlockingResponse<T extends AnyStructType, K extends AnyKindOf<T>>
  implements ResponseExpectation<MsgIn<T>>
{
  readonly once = true;
  readonly blocking = true;
  readonly #kind: K | undefined;
  response: MsgIn<T, K> | undefined = undefined;
  failure: FlowIpcError | undefined = undefined;

  constructor(kind: K | undefined) {
    this.#kind = kind;
  }

  onResponse(message: MsgIn<T>): void {
    if (isOfKind(message, this.#kind)) this.response = message;
    else this.failure = refused(message, this.#kind);
  }

  onEnd(error: FlowIpcError): void {
    this.failure = error;
  }
}

/** Any kind is right if none was asked for. */
export function isOfKind<T extends AnyStructType, K extends AnyKindOf<T>>(
  message: MsgIn<T>,
  kind: K | undefined,
): message is MsgIn<T, AnyKindOf<T>> & MsgIn<T, K> {
  return kind === undefined || (message.which as unknown) === kind;
}

/** Releases a response of the wrong kind. */
export function refused<T extends AnyStructType>(message: MsgIn<T>, kind: unknown): FlowIpcError {
  const { which } = message;
  message.release();
  return new FlowIpcError(
    StructError.UNEXPECTED_KIND,
    `The response is '${String(which)}', not '${String(kind)}'`,
  );
}
