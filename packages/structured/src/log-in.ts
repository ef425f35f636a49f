// The phases of a channel and the session token: who may send what before log-in, and what must come (features 83-86).
import { FlowIpcError } from '@flow-ipc/core';
import { StructError } from './errors.js';
import type { Metadata } from './metadata.js';
import {
  isNil,
  isToken,
  nilToken,
  randomToken,
  type SessionToken,
  type TokenWords,
  wordsOf,
} from './session-token.js';

export type Phase = 'logged-in' | 'log-in-client' | 'log-in-server';

export interface LogInOptions {
  /** Token that both sides' messages carry. @default nil */
  sessionToken?: SessionToken;
  /** Start in log-in mode, as the side that asks or the one that answers. */
  logIn?: 'client' | 'server';
}

export class LogIn {
  #phase: Phase;
  #token: SessionToken;
  #tokenWords: TokenWords;
  /** Log-in server: the kind that the request must have; negative until it is known. */
  #kind = -1;

  /** Throws TypeError for options that make no sense. */
  constructor({ sessionToken, logIn }: LogInOptions) {
    if (logIn !== undefined && logIn !== 'client' && logIn !== 'server')
      throw new TypeError(`logIn is 'client' or 'server', not ${String(logIn)}`);
    if (
      sessionToken &&
      (logIn === 'client' || !(sessionToken instanceof Uint8Array) || sessionToken.length !== 16)
    )
      throw new TypeError('A session token is 16 bytes, and a log-in client has none yet');
    this.#phase = logIn ? `log-in-${logIn}` : 'logged-in';
    if (sessionToken) this.#token = new Uint8Array(sessionToken);
    else this.#token = logIn === 'server' ? randomToken() : nilToken();
    this.#tokenWords = wordsOf(this.#token);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get token(): SessionToken {
    return this.#token;
  }

  /** Before a notification or, with an originating id, a response: only a log-in server's response precedes log-in. */
  checkSend(originatingId: number): void {
    if (this.#phase !== 'logged-in' && (this.#phase === 'log-in-client' || originatingId === 0))
      throw notLoggedIn();
  }

  /** That was sent: a log-in server's first response completes the log-in. */
  sent(): void {
    this.#phase = 'logged-in';
  }

  /** Before a request: a log-in client's first message is one. */
  checkRequest(lastId: number): void {
    if (this.#phase !== 'logged-in' && (this.#phase === 'log-in-server' || lastId > 0)) throw notLoggedIn();
  }

  checkLoggedIn(): void {
    if (this.#phase !== 'logged-in') throw notLoggedIn();
  }

  /** Log-in server: the request will be of this kind. Throws NOT_LOGGED_IN, ALREADY_EXPECTED. */
  expectRequest(kind: number): void {
    if (this.#phase !== 'log-in-server')
      throw new FlowIpcError(StructError.NOT_LOGGED_IN, 'This channel is not in the log-in server phase');
    if (this.#kind >= 0)
      throw new FlowIpcError(StructError.ALREADY_EXPECTED, 'The log-in request is expected already');
    this.#kind = kind;
  }

  /** Whether an unsolicited message of the kind is not the log-in request that is waited for. */
  isOtherRequest(kind: number): boolean {
    return this.#phase === 'log-in-server' && this.#kind >= 0 && kind !== this.#kind;
  }

  /** Checks the token of a message, and that it is what the phase asks for. `lastId`: of our own messages. */
  check(metadata: Metadata, lastId: number): void {
    if (this.#phase !== 'logged-in') this.#checkBefore(metadata, lastId);
    else if (!isToken(this.#tokenWords, metadata.tokenView, metadata.tokenAt))
      throw new FlowIpcError(StructError.BAD_AUTH, "A message with another session's token");
  }

  #checkBefore({ tokenView, tokenAt, id, originatingId, segments }: Metadata, lastId: number): void {
    const at = tokenView.byteOffset + tokenAt;
    const theirs = new Uint8Array(tokenView.buffer.slice(at, at + 16));
    if (this.#phase === 'log-in-client') {
      if (originatingId !== 1 || lastId !== 1 || id !== 1)
        throw new FlowIpcError(StructError.LOG_IN_MISUSED_SCHEMA, 'Not a log-in response');
      if (isNil(theirs))
        throw new FlowIpcError(StructError.BAD_AUTH, 'The log-in response has no session token');
      this.#token = theirs;
      this.#tokenWords = wordsOf(theirs);
      this.#phase = 'logged-in';
      return;
    }
    if (originatingId !== 0 || id !== 1 || segments === 0)
      throw new FlowIpcError(StructError.LOG_IN_MISUSED_SCHEMA, 'The first message is no log-in request');
    if (!isNil(theirs))
      throw new FlowIpcError(StructError.BAD_AUTH, 'A log-in request cannot have a session token yet');
  }
}

const notLoggedIn = () =>
  new FlowIpcError(StructError.NOT_LOGGED_IN, 'Only the log-in may be exchanged before log-in is done');

export const otherLogIn = () =>
  new FlowIpcError(StructError.UNEXPECTED_LOG_IN_REQUEST, 'The log-in request is of another kind');
