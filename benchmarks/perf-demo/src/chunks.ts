// How a file is cut into the parts of a response.

const MAX_CHUNK = 1024 * 1024;
const MIN_CHUNK = 4096;

/** About ten chunks for a small file, chunks of 1 MiB for a large one; multiples of 4 KiB but for the last. */
export function chunkSize(fileSize: number): number {
  const tenth = Math.ceil(fileSize / 10 / MIN_CHUNK) * MIN_CHUNK;
  return Math.min(Math.max(tenth, MIN_CHUNK), MAX_CHUNK);
}

export function chunkCount(fileSize: number): number {
  return Math.ceil(fileSize / chunkSize(fileSize));
}

/**
 * Bytes that the response's one segment needs: root pointer, Body, GetCacheRsp, the list with a tag, and for each
 * chunk its FilePart (two words and a pointer) and its bytes padded to a word. Rounded up generously: memory
 * that is never touched is never committed.
 */
export function responseBytes(fileSize: number): number {
  return fileSize + chunkCount(fileSize) * (24 + 8) + 4096;
}
