// Graceful_finisher: neither side of a session takes its memory down before the other knows (feature 153).
import { setTimeout as sleep } from 'node:timers/promises';
import { FlowIpcError } from '@flow-ipc/core';
import { SessionError, type SessionLink } from '@flow-ipc/session';
import { LendError } from './errors.js';

/** How long the other side may take to end its half. C++ waits for ever. */
const FINISH_PATIENCE_MS = 5000;

/**
 * Who closes first says so and waits; the other side's session is lost by that (SESSION_FINISHED), and it says the same
 * at once: what its program still holds on loan stays readable, so there is nothing to wait for.
 */
export class Finisher {
  readonly #link: SessionLink;
  readonly #beforehand: () => void;
  readonly #peerDone: Promise<void>;
  #said = false;

  /** `beforehand` is called before the end is announced. */
  constructor(link: SessionLink, beforehand: () => void) {
    this.#link = link;
    this.#beforehand = beforehand;
    this.#peerDone = this.#watch();
  }

  /** Settles when the peer has ended its half, too, is gone, or has had its time: then with a coded warning. */
  async finish(): Promise<void> {
    this.#say();
    const patience = new AbortController();
    const late = sleep(FINISH_PATIENCE_MS, true, patience).catch(() => false);
    const timedOut = await Promise.race([this.#peerDone, late]);
    patience.abort();
    if (timedOut !== true) return;
    process.emitWarning(
      `The other side of a session did not end its half within ${FINISH_PATIENCE_MS} ms; it was closed all the same`,
      { type: 'FlowIpcWarning', code: LendError.FINISH_TIMEOUT },
    );
  }

  #say(): void {
    const { master } = this.#link;
    if (this.#said || master.error) return;
    this.#said = true;
    this.#beforehand();
    using msg = master.createMsg();
    msg.body.initGracefulSessionEnd();
    try {
      master.send(msg);
    } catch {
      // The channel is over, and its end is told elsewhere.
    }
  }

  async #watch(): Promise<void> {
    const { master, fail } = this.#link;
    try {
      for await (using _ of master.messages('gracefulSessionEnd')) {
        if (this.#said) return;
        this.#say();
        fail(new FlowIpcError(SessionError.FINISHED, 'The other side ended the session'));
        return;
      }
    } catch {
      // The master channel is over: nobody has to be waited for.
    }
  }
}
