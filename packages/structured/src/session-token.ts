// The 16 bytes that every message of a session carries: a check against mix-ups, not a secret.
import { randomUUID } from 'node:crypto';

/** The raw bytes of a UUID, in order. All zero: nil, "not known yet". */
export type SessionToken = Uint8Array;

export const nilToken = (): SessionToken => new Uint8Array(16);

export function randomToken(): SessionToken {
  return new Uint8Array(Buffer.from(randomUUID().replaceAll('-', ''), 'hex'));
}

export const isNil = (token: SessionToken): boolean => token.every((b) => b === 0);

/** A token in the form in which those of messages are compared with it. */
export type TokenWords = readonly [number, number, number, number];

export function wordsOf(token: SessionToken): TokenWords {
  const view = new DataView(token.buffer, token.byteOffset, 16);
  return [view.getInt32(0), view.getInt32(4), view.getInt32(8), view.getInt32(12)];
}

/** Whether the 16 bytes at `at` are that token. */
export const isToken = (words: TokenWords, view: DataView, at: number): boolean =>
  view.getInt32(at) === words[0] &&
  view.getInt32(at + 4) === words[1] &&
  view.getInt32(at + 8) === words[2] &&
  view.getInt32(at + 12) === words[3];
