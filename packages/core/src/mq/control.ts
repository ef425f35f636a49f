// The control messages of a stream over a message queue (protocol section 2).

/** An empty message says that the next one is a control word: 8 bytes, signed, little-endian. */
export const CONTROL_MARK = new Uint8Array(0);
export const CONTROL_SIZE = 8;

/** This direction ends in good order. */
export const END_OF_SENDING = 0;
/** Only says "alive". */
export const PING = 1;

/** The word of a command; that of a protocol version is its negative. */
export function controlWord(value: number): Uint8Array {
  const word = new Uint8Array(CONTROL_SIZE);
  new DataView(word.buffer).setBigInt64(0, BigInt(value), true);
  return word;
}
