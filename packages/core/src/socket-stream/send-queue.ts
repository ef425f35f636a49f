// Bytes waiting to leave: frames of one turn gathered into few writes, or what the kernel would not take yet.
import { closeFd, disownFd, dupFd, ownFd, send } from '@flow-ipc/native';
import { HEADER_SIZE } from './frame.js';

/** A chunk takes frames until it is this full; longer frames get a chunk of their own size. */
const CHUNK = 64 * 1024;

/** A larger chunk is not worth keeping. */
const SPARE_LIMIT = 4096;

/** A run of bytes that leaves in one write; a descriptor rides on its first byte. */
class Chunk {
  bytes: Uint8Array;
  start = 0;
  end = 0;
  /** Our own duplicate, or -1. */
  fd: number;
  /** A frame with a descriptor is alone in its write: the receiver tells by that whose descriptor it is. */
  readonly sealed: boolean;

  constructor(capacity: number, fd: number) {
    this.bytes = new Uint8Array(capacity);
    this.fd = fd;
    if (fd >= 0) ownFd(fd);
    this.sealed = fd >= 0;
  }

  closeFd(): void {
    if (this.fd < 0) return;
    disownFd(this.fd);
    closeFd(this.fd);
    this.fd = -1;
  }

  reserve(length: number): boolean {
    if (this.sealed) return false;
    if (this.end + length <= this.bytes.length) return true;
    if (this.end + length > CHUNK) return false;
    const grown = new Uint8Array(Math.min(CHUNK, Math.max(this.bytes.length * 2, this.end + length)));
    grown.set(this.bytes.subarray(0, this.end));
    this.bytes = grown;
    return true;
  }
}

export class SendQueue {
  readonly #chunks: Chunk[] = [];
  #bytes = 0;
  systemCalls = 0;
  /** The last chunk that went out, to be filled again: most turns need one small chunk. */
  #spare: Chunk | undefined;

  get bytes(): number {
    return this.#bytes;
  }

  get empty(): boolean {
    return this.#bytes === 0;
  }

  /**
   * Copies a frame (or, with `skip`, what is left of one) to the end. A descriptor is duplicated, so the sender
   * may close its own at once. Throws the addon's error when the duplicate cannot be had; nothing is queued then.
   */
  push(header: number, blob: Uint8Array | null, fd: number, skip = 0): void {
    const length = HEADER_SIZE + (blob?.length ?? 0) - skip;
    const last = this.#chunks.at(-1);
    let chunk: Chunk;
    if (fd < 0 && last?.reserve(length)) {
      chunk = last;
    } else {
      chunk = fd < 0 ? this.#plainChunk(length) : new Chunk(length, dupFd(fd));
      this.#chunks.push(chunk);
    }
    if (skip < 1) chunk.bytes[chunk.end++] = header & 0xff;
    if (skip < 2) chunk.bytes[chunk.end++] = header >> 8;
    if (blob) {
      const rest = skip > HEADER_SIZE ? blob.subarray(skip - HEADER_SIZE) : blob;
      chunk.bytes.set(rest, chunk.end);
      chunk.end += rest.length;
    }
    this.#bytes += length;
  }

  /** Writes until empty or refused. The last result of send(2): bytes, or -errno. */
  flush(fd: number): number {
    let n = 0;
    for (let chunk = this.#chunks[0]; chunk; chunk = this.#chunks[0]) {
      this.systemCalls++;
      n = send(fd, chunk.bytes, chunk.start, chunk.end - chunk.start, null, 0, 0, chunk.fd);
      if (n < 0) return n;
      if (n > 0 && chunk.fd >= 0) {
        chunk.closeFd();
      }
      chunk.start += n;
      this.#bytes -= n;
      if (chunk.start === chunk.end) {
        this.#chunks.shift();
        if (!chunk.sealed && chunk.bytes.length <= SPARE_LIMIT) this.#spare = chunk;
      }
    }
    return n;
  }

  #plainChunk(length: number): Chunk {
    const spare = this.#spare;
    if (!spare || spare.bytes.length < length) return new Chunk(Math.max(length, 512), -1);
    this.#spare = undefined;
    spare.start = spare.end = 0;
    return spare;
  }

  clear(): void {
    for (const chunk of this.#chunks) chunk.closeFd();
    this.#chunks.length = 0;
    this.#bytes = 0;
  }
}
