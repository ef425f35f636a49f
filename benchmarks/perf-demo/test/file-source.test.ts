// File sources and chunks: the same bytes however they are asked for, real files read as they are.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { chunkCount, chunkSize } from '../src/chunks.js';
import { digestOf } from '../src/digest.js';
import { type FileSource, realFileSource, syntheticSource } from '../src/file-source.js';
import { hash64 } from '../src/hash.js';

const folder = mkdtempSync(join(tmpdir(), 'flow-ipc-file-source-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function readIn(source: FileSource, piece: number): Promise<Uint8Array> {
  const all = new Uint8Array(source.size);
  for (let at = 0; at < all.length; at += piece) await source.fill(all.subarray(at, at + piece));
  return all;
}

it('produces the same bytes in pieces of any size, and others for another seed', async () => {
  const whole = await readIn(syntheticSource(200_001), 200_001);
  expect(Buffer.compare(await readIn(syntheticSource(200_001), 777), whole)).toBe(0);
  expect(Buffer.compare(await readIn(syntheticSource(200_001, 2), 200_001), whole)).not.toBe(0);
  // Random enough that no two chunks are the same.
  const hashes = Array.from({ length: 48 }, (_, i) => hash64(whole.subarray(i * 4096, (i + 1) * 4096)));
  expect(new Set(hashes).size).toBe(48);
});

it('refuses to give more than there is', async () => {
  const source = syntheticSource(10);
  await expect(source.fill(new Uint8Array(11))).rejects.toThrow(RangeError);
});

it('reads a real file, and its digest is that of its bytes', async () => {
  const path = join(folder, 'file');
  const bytes = await readIn(syntheticSource(3_000_001), 3_000_001);
  writeFileSync(path, bytes);
  await using source = await realFileSource(path);
  expect(Buffer.compare(await readIn(source, 10_000), bytes)).toBe(0);
  expect(await digestOf(path)).toEqual({ path, size: 3_000_001, digest: hash64(bytes).toString(16) });
});

it('refuses an empty file and notices one that shrinks', async () => {
  const path = join(folder, 'shrinking');
  writeFileSync(path, '');
  await expect(realFileSource(path)).rejects.toThrow(/empty/);
  writeFileSync(path, 'abc');
  await using source = await realFileSource(path);
  writeFileSync(path, 'a');
  await expect(source.fill(new Uint8Array(3))).rejects.toThrow(/shorter/);
});

it('cuts small files into about ten chunks and large ones into chunks of 1 MiB', () => {
  expect([chunkSize(1), chunkCount(1)]).toEqual([4096, 1]);
  expect([chunkSize(100_000), chunkCount(100_000)]).toEqual([12_288, 9]);
  expect([chunkSize(1e9), chunkCount(1e9)]).toEqual([1_048_576, 954]);
});
