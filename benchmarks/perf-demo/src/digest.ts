// Hashes a real file by itself, so that what arrives elsewhere can be compared with the disk.
import { realFileSource } from './file-source.js';
import { hasher64 } from './hash.js';

const BLOCK = 1024 * 1024;

/** Size and xxHash (hex) of a file. Error when it cannot be read or is empty. */
export async function digestOf(path: string): Promise<{ path: string; size: number; digest: string }> {
  await using source = await realFileSource(path);
  const hasher = hasher64();
  const block = new Uint8Array(BLOCK);
  for (let done = 0; done < source.size; done += BLOCK) {
    const piece = block.subarray(0, Math.min(BLOCK, source.size - done));
    await source.fill(piece);
    hasher.update(piece);
  }
  return { path, size: source.size, digest: hasher.digest().toString(16) };
}
