// Telling a client why it is refused: an extension that a C++ client never sees and a C++ server ignores.
import { constants } from 'node:os';
import { FlowIpcError, TransportError } from '@flow-ipc/core';
import type { ClientApp } from './app.js';
import { SessionError } from './errors.js';
import type { LogInRefusal } from './generated/session-master-channel.capnp.js';
import type { MasterChannel, MasterMsgIn } from './master-channel.js';

/** What receiving says of a connection that the peer closed, and sending. */
const HUNG_UP = new Set([-constants.errno.ECONNRESET, -constants.errno.EPIPE]);
const MAX_MESSAGE = 500;
const CODE = /^ERR_FLOW_IPC_[A-Z0-9_]{1,100}$/;

/** The server's last word, before it closes. */
export function sendRefusal(master: MasterChannel, request: MasterMsgIn, reason: FlowIpcError): void {
  try {
    using answer = master.createMsg();
    const refusal = answer.body.initLogInRefusal();
    refusal.code = reason.code;
    refusal.message = reason.message.slice(0, MAX_MESSAGE);
    master.send(answer, request);
  } catch {
    // The client is gone already, or the text cannot be sent: it sees the connection close, as from C++.
  }
}

/** LOG_IN_REFUSED; `cause` has the code of the server's own error. */
export function toldRefusal(refusal: LogInRefusal.Reader): FlowIpcError {
  const { code, message } = refusal;
  const text = message.slice(0, MAX_MESSAGE);
  // The peer's word: only what looks like one of our codes becomes one.
  const cause = new FlowIpcError(CODE.test(code) ? code : SessionError.INVALID_ARGUMENT, text);
  return new FlowIpcError(SessionError.LOG_IN_REFUSED, `The server refused the log-in: ${text}`, { cause });
}

/**
 * A server that says nothing (a C++ one) just closes, perhaps before it has read all. What we can see ourselves may
 * tell why. Any other error is given back as it is.
 */
export function guessedRefusal(cause: FlowIpcError, client: ClientApp, guess: string): FlowIpcError {
  const closed = cause.code === TransportError.EOF || cause.code === TransportError.RECEIVES_FINISHED;
  if (!closed && !HUNG_UP.has(cause.errno ?? 0)) return cause;
  const why =
    guess ||
    ' (its accept() has the reason): is the client app allowed there, and described alike on both sides?';
  return new FlowIpcError(
    SessionError.LOG_IN_REFUSED,
    `The server refused the log-in of '${client.name}'${why}`,
    {
      cause,
    },
  );
}
