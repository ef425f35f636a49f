// Runs users' handlers: what they throw, now or later, is dealt with, and leaves nothing of the protocol undone.
import { CapnpError } from '@flow-ipc/capnp';
import type { ResponseExpectation } from './responses.js';

export class HandlerCalls {
  readonly #onThrown: (err: unknown) => void;

  constructor(onThrown: (err: unknown) => void) {
    this.#onThrown = onThrown;
  }

  call<A>(handler: (argument: A) => unknown, argument: A): void {
    try {
      const result = handler(argument);
      if (result instanceof Promise) result.catch(this.#onThrown);
    } catch (err) {
      this.#onThrown(err);
    }
  }

  respond<M>(expectation: ResponseExpectation<M>, message: M): void {
    try {
      const result = expectation.onResponse(message);
      if (result instanceof Promise) result.catch(this.#onThrown);
    } catch (err) {
      this.#onThrown(err);
    }
  }
}

/** A place for one handler. */
export class HandlerSlot<H> {
  handler: H | undefined = undefined;

  /** False when there is one already. */
  set(handler: H): boolean {
    if (this.handler) return false;
    this.handler = handler;
    return true;
  }

  /** False when there was none. */
  unset(): boolean {
    const was = this.handler !== undefined;
    this.handler = undefined;
    return was;
  }
}

/** What readers throw of damaged bytes; reading the wrong member of a union is the reader's own mistake. */
const DAMAGE = new Set<string>(
  ['OUT_OF_BOUNDS', 'BAD_POINTER', 'NESTING_LIMIT', 'AMPLIFICATION', 'NO_SEGMENT', 'BAD_TEXT'].map(
    (code) => `ERR_FLOW_IPC_CAPNP_${code}`,
  ),
);

/** Whether the error means that the bytes which are read are at fault. */
export const isMalformedMessage = (err: unknown): boolean => CapnpError.is(err) && DAMAGE.has(err.code);
