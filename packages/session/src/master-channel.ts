// The master channel of a session: what its log-in and its requests wait for.
import { Channel, FlowIpcError, type NativeSocketStream, onAbort, TransportError } from '@flow-ipc/core';
import { type MsgIn, type MsgOut, StructuredChannel } from '@flow-ipc/structured';
import type { Drive } from './drive.js';
import { SessionMasterChannelMessageBody as Body } from './generated/session-master-channel.capnp.js';
import type { Wait } from './steps.js';

export type MasterChannel = StructuredChannel<typeof Body>;
export type MasterMsgIn = MsgIn<typeof Body>;
export type MasterMsgOut = MsgOut<typeof Body>;

/** How long an orderly close waits for a peer that reads nothing. */
const FLUSH_PATIENCE_MS = 5000;

/** Hears of a master channel's end while its session opens, and tells who waits for messages. */
export class Ending {
  readonly #waiting = new Set<(error: FlowIpcError) => void>();
  #error: FlowIpcError | undefined;

  /** Why the channel, or the opening, came to its end. */
  get error(): FlowIpcError | undefined {
    return this.#error;
  }

  /** The first reason counts. */
  tell(error: FlowIpcError): void {
    if (this.#error) return;
    this.#error = error;
    for (const told of this.#waiting) told(error);
    this.#waiting.clear();
  }

  /** Calls back once, at once if the end has come; the result undoes that. */
  onEnd(callback: (error: FlowIpcError) => void): () => void {
    if (this.#error) callback(this.#error);
    else this.#waiting.add(callback);
    return () => this.#waiting.delete(callback);
  }
}

/**
 * Logs in over the stream, which it takes over, with pings and an idle timer as the session is to have them. The hello
 * leaves at once where the loop has no turns: throws then, the stream closed, if the peer has gone already.
 */
export function masterChannel(
  stream: NativeSocketStream,
  logIn: 'client' | 'server',
  onError: (error: FlowIpcError) => void,
): MasterChannel {
  try {
    return new StructuredChannel(new Channel(stream), Body, { logIn, onError });
  } catch (err) {
    stream.close();
    throw err;
  }
}

export interface Patience {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
}

/** Sends a request and waits for its response: TIMEOUT, ABORTED, what ended the channel, what send() throws. */
export function response(
  master: MasterChannel,
  msg: MasterMsgOut,
  drive: Drive,
  { signal, timeoutMs }: Patience,
): Wait<MasterMsgIn> {
  return (done) => {
    let stopTimer = () => {};
    let forgetSignal = () => {};
    const finish = (error: unknown, message?: MasterMsgIn) => {
      stopTimer();
      forgetSignal();
      done(error, message);
    };
    const id = master.asyncRequest(msg, (message) => finish(undefined, message), { onEnd: finish });
    const giveUp = (error: FlowIpcError) => {
      master.abandonRequest(id);
      finish(error);
    };
    if (timeoutMs !== undefined) {
      const late = () =>
        giveUp(new FlowIpcError(TransportError.TIMEOUT, `Nothing came within ${timeoutMs} ms`));
      stopTimer = drive.after(timeoutMs, late);
    }
    forgetSignal = onAbort(signal, giveUp);
  };
}

/**
 * Ends sending behind all that is queued, and closes once the kernel has it, or the peer has had its time. Never fails.
 */
export function closed(master: MasterChannel, drive: Drive): Wait<void> {
  return (done) => {
    if (master.error) {
      master.close();
      done(undefined);
      return;
    }
    let stopTimer = () => {};
    let over = false;
    const finish = () => {
      if (over) return;
      over = true;
      stopTimer();
      master.close();
      done(undefined);
    };
    // How that ends is told below, without a promise.
    master.endSending().catch(() => {});
    master.ownedChannel.handleSender!.onceDrained(finish);
    if (!over) stopTimer = drive.after(FLUSH_PATIENCE_MS, finish);
  };
}
