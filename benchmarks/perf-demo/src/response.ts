// Builds the response (a file, cut into chunks with size and hash) and checks one that arrived.
import { chunkCount, chunkSize } from './chunks.js';
import type { FileSource } from './file-source.js';
import type { BodyBuilder, GetCacheRspReader } from './generated/perf-demo.capnp.js';
import { hash64, hasher64 } from './hash.js';

/** Other work of the process (session pings among it) gets its turn after this many bytes. */
const BREATHE_BYTES = 16 * 1024 * 1024;

const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Puts the whole file into the message, each chunk straight to its place. */
export async function fillResponse(body: BodyBuilder, source: FileSource): Promise<void> {
  const size = chunkSize(source.size);
  const parts = body.initGetCacheRsp().initFileParts(chunkCount(source.size));
  let sinceBreath = 0;
  for (let i = 0; i < parts.length; i++) {
    const length = Math.min(size, source.size - i * size);
    const part = parts.at(i);
    const data = part.initData(length);
    await source.fill(data);
    part.dataSizeToVerify = length;
    part.dataHashToVerify = hash64(data);
    sinceBreath += length;
    if (sinceBreath >= BREATHE_BYTES) {
      await breathe();
      sinceBreath = 0;
    }
  }
}

/** What the client found in a response that it checked. */
export interface Verified {
  chunks: number;
  bytes: number;
  /** xxHash of the whole file, in hex; only when asked for. */
  digest?: string;
}

/** Checks every chunk's size and hash and the total. Error with the reason at the first mismatch. */
export async function verifyResponse(
  response: GetCacheRspReader,
  expectedSize: number,
  wantDigest: boolean,
): Promise<Verified> {
  const parts = response.fileParts;
  const whole = wantDigest ? hasher64() : undefined;
  let bytes = 0;
  let sinceBreath = 0;
  for (let i = 0; i < parts.length; i++) {
    const part = parts.at(i);
    const { data } = part;
    if (BigInt(data.length) !== part.dataSizeToVerify) {
      throw new Error(`chunk ${i} has ${data.length} bytes; its size field says ${part.dataSizeToVerify}`);
    }
    const hash = hash64(data);
    if (hash !== part.dataHashToVerify) {
      throw new Error(`chunk ${i} has hash ${hash}; its hash field says ${part.dataHashToVerify}`);
    }
    whole?.update(data);
    bytes += data.length;
    sinceBreath += data.length;
    if (sinceBreath >= BREATHE_BYTES) {
      await breathe();
      sinceBreath = 0;
    }
  }
  if (bytes !== expectedSize) throw new Error(`the response has ${bytes} bytes, the file ${expectedSize}`);
  const digest = whole?.digest().toString(16);
  return { chunks: parts.length, bytes, ...(digest !== undefined && { digest }) };
}

/** Reads the first byte of the file: the "first access" that stops the clock. */
export function touch(response: GetCacheRspReader): number {
  return response.fileParts.at(0).data[0]!;
}
