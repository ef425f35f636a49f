// Protocol_negotiator: each side tells its highest version once; the lower of the two is spoken (feature 42).
import { FlowIpcError, TransportError } from './errors.js';

export const PROTOCOL_VERSION = 1;

/**
 * The version both sides speak, given the peer's highest; throws when there is none.
 * Where the peer's is the lower one it is the result (the C++ stores its own: feature 43, a defect).
 */
export function negotiate(
  peerMax: number,
  what: string,
  ownMax = PROTOCOL_VERSION,
  ownMin = PROTOCOL_VERSION,
): number {
  if (peerMax <= 0) {
    throw new FlowIpcError(
      TransportError.VERSION_INVALID,
      `${what}: the peer claims protocol version ${peerMax}`,
    );
  }
  if (peerMax < ownMin) {
    throw new FlowIpcError(
      TransportError.VERSION_TOO_OLD,
      `${what}: the peer speaks protocol version ${peerMax} at most, we need ${ownMin}`,
    );
  }
  return Math.min(peerMax, ownMax);
}
