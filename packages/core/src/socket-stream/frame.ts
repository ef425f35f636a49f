// The framing of a socket stream (protocol section 1): a 16-bit header, then the blob.

/** Bytes before each blob: its length, little-endian. */
export const HEADER_SIZE = 2;
/** Longest blob of one message. */
export const MAX_BLOB_SIZE = 65534;
/** Header without a blob and without a descriptor: this direction ends in good order. */
export const END_OF_SENDING = 0;
/** Header that only says "alive". */
export const PING = 0xffff;
