// The 16 bytes that every message of a session carries: a check against mix-ups, not a secret.
import { randomUUID } from 'node:crypto';

/** The raw bytes of a UUID, in order. All zero: nil, "not known yet". */
export type SessionToken = Uint8Array;

export const nilToken = (): SessionToken => new Uint8Array(16);

export function randomToken(): SessionToken {
  return new Uint8Array(Buffer.from(randomUUID().replaceAll('-', ''), 'hex'));
}

export const isNil = (token: SessionToken): boolean => token.every((b) => b === 0);
