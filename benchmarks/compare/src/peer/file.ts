// The structured payload: the performance demo's file, cut into chunks with size and hash.
import xxhash from 'xxhash-wasm';
import { pattern } from './message.js';

const { h64Raw } = await xxhash();

export const FILE_SIZE = 1_000_000;
/** Small enough for every subject: a channel without shared memory takes no list beyond 65,534 bytes. */
export const CHUNK_SIZE = 32 * 1024;

/** One chunk, as the server has it and as the client gets it, whatever it travelled as. */
export interface Chunk {
  data: Uint8Array;
  size: number;
  hash: bigint;
}

/** What the client reads chunks from: nothing is decoded before it is asked for, where a subject can do that. */
export interface Chunks {
  readonly length: number;
  at(i: number): Chunk;
}

export const asChunks = (list: readonly Chunk[]): Chunks => ({ length: list.length, at: (i) => list[i]! });

let file: Chunk[] | undefined;

/** The file that servers answer with; its hashes are known before anything is timed. */
export function fileChunks(): readonly Chunk[] {
  file ??= cut(pattern(FILE_SIZE));
  return file;
}

function cut(bytes: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_SIZE) {
    const data = bytes.subarray(at, at + CHUNK_SIZE);
    chunks.push({ data, size: data.length, hash: h64Raw(data) });
  }
  return chunks;
}

/** Reads every chunk: its size, and both its ends. Error when the file is not whole. */
export function readFile(chunks: Chunks): void {
  let bytes = 0;
  let ends = 0;
  for (let i = 0; i < chunks.length; i++) {
    const { data, size } = chunks.at(i);
    if (data.length !== size) throw new Error(`chunk ${i} has ${data.length} bytes, not ${size}`);
    ends += data[0]! + data[size - 1]!;
    bytes += size;
  }
  if (bytes !== FILE_SIZE || Number.isNaN(ends)) throw new Error(`a file of ${bytes} bytes arrived`);
}

/** The thorough check, outside every timed part: the hashes. */
export function verifyFile(chunks: Chunks): void {
  readFile(chunks);
  const sent = fileChunks();
  for (let i = 0; i < chunks.length; i++) {
    const { data, hash } = chunks.at(i);
    if (hash !== sent[i]!.hash || h64Raw(data) !== hash) throw new Error(`chunk ${i} arrived changed`);
  }
}
