// Protocol_negotiator: each side tells its highest version once; the lower of the two is spoken (feature 42).
import { FlowIpcError, TransportError } from './errors.js';

export const PROTOCOL_VERSION = 1;
/** {@link ProtocolNegotiator.negotiatedVersion} before the peer's version is known. */
export const VERSION_UNKNOWN = -1;
/** {@link ProtocolNegotiator.negotiatedVersion} when there is no version that both sides speak. */
export const VERSION_UNSUPPORTED = 0;

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

/** One negotiation of a protocol of one's own: what to send, what came, and what follows from both. */
export class ProtocolNegotiator {
  readonly #what: string;
  readonly #ownMax: number;
  readonly #ownMin: number;
  #sent = false;
  #negotiated = VERSION_UNKNOWN;

  /** `what` names the protocol in messages of errors. Versions are 16-bit and positive, `ownMin` <= `ownMax`. */
  constructor(what: string, ownMax = PROTOCOL_VERSION, ownMin = PROTOCOL_VERSION) {
    if (![ownMin, ownMax].every(Number.isInteger) || ownMin <= 0 || ownMax < ownMin || ownMax > 0x7fff) {
      throw new RangeError(`Not a range of protocol versions: ${ownMin} to ${ownMax}`);
    }
    this.#what = what;
    this.#ownMax = ownMax;
    this.#ownMin = ownMin;
  }

  /** What to tell the peer: our highest version the first time, {@link VERSION_UNKNOWN} from then on. */
  ownMaxForSending(): number {
    if (this.#sent) return VERSION_UNKNOWN;
    this.#sent = true;
    return this.#ownMax;
  }

  /** The version to speak; {@link VERSION_UNKNOWN} so far, or {@link VERSION_UNSUPPORTED} when compute() threw. */
  get negotiatedVersion(): number {
    return this.#negotiated;
  }

  /**
   * Takes the peer's highest version. True when that settled the matter; false, with no effect, when it was settled
   * before. FlowIpcError VERSION_INVALID or VERSION_TOO_OLD when there is nothing to speak.
   */
  compute(peerMax: number): boolean {
    if (this.#negotiated !== VERSION_UNKNOWN) return false;
    this.#negotiated = VERSION_UNSUPPORTED;
    this.#negotiated = negotiate(peerMax, this.#what, this.#ownMax, this.#ownMin);
    return true;
  }

  /** As newly made. */
  reset(): void {
    this.#sent = false;
    this.#negotiated = VERSION_UNKNOWN;
  }
}
