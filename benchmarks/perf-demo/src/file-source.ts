// Where a file's bytes come from: produced or read piece by piece, straight into the memory that is to hold them.
import { open } from 'node:fs/promises';

/** Hands out a file's bytes in order. */
export interface FileSource extends AsyncDisposable {
  readonly size: number;
  /** Fills all of `target` with the next bytes. Error when fewer are left. */
  fill(target: Uint8Array): Promise<void>;
}

/** A pseudo-random file: the same bytes for the same seed, however they are asked for. */
export function syntheticSource(size: number, seed = 1): FileSource {
  const next = pseudoRandomBytes(seed);
  let left = size;
  return {
    size,
    async fill(target) {
      if (target.length > left) throw new RangeError('the synthetic file has no more bytes');
      left -= target.length;
      next(target);
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** A file of the disk. Error when it is empty, or when it shrinks while it is read. */
export async function realFileSource(path: string): Promise<FileSource> {
  const file = await open(path, 'r');
  const { size } = await file.stat();
  if (size === 0) {
    await file.close();
    throw new RangeError(`${path} is empty or not a regular file`);
  }
  return {
    size,
    async fill(target) {
      for (let done = 0; done < target.length; ) {
        const { bytesRead } = await file.read(target, done, target.length - done);
        if (bytesRead === 0) throw new Error(`${path} became shorter while it was read`);
        done += bytesRead;
      }
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

/**
 * One block of random words, made once, and a different mask over it for every block that is handed out: no two
 * blocks are alike, and a gigabyte takes a fraction of a second. Targets need no alignment; what is left over from
 * one begins the next.
 */
function pseudoRandomBytes(seed: number): (target: Uint8Array) => void {
  const base = randomWords(BLOCK_WORDS, seed);
  const words = new Uint32Array(BLOCK_WORDS);
  const block = new Uint8Array(words.buffer);
  let used = block.length;
  let blocks = 0;
  return (target) => {
    for (let done = 0; done < target.length; ) {
      if (used === block.length) {
        mask(words, base, Math.imul(blocks++, 0x9e3779b9));
        used = 0;
      }
      const count = Math.min(block.length - used, target.length - done);
      target.set(block.subarray(used, used + count), done);
      used += count;
      done += count;
    }
  };
}

/** 64 KiB: stays in the processor's cache. */
const BLOCK_WORDS = 16 * 1024;

/** xorshift32. */
function randomWords(count: number, seed: number): Uint32Array {
  const words = new Uint32Array(count);
  let state = Math.imul(seed, 0x9e3779b9) | 1;
  for (let i = 0; i < count; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return words;
}

function mask(words: Uint32Array, base: Uint32Array, pattern: number): void {
  for (let i = 0; i < words.length; i++) words[i] = base[i]! ^ pattern;
}
