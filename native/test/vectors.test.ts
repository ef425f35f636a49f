// Pools that the C++ program wrote: opened, read and written on, as recorded.
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { poolCreate, poolOpen } from '../ts/index.js';
import { oracle } from './oracle/oracle.mjs';
import { uniqueName } from './support.js';

/** Puts a truncated image into a shared memory object of the size that its segment manager says. */
function restore(file: string): string {
  const image = readFileSync(new URL(`vectors/${file}`, import.meta.url));
  const name = uniqueName('vector');
  const fd = openSync(`/dev/shm/${name}`, 'w+');
  const size = Number(image.readBigUInt64LE(104)) + 16;
  writeSync(fd, image);
  ftruncateSync(fd, size);
  // The header that ends the chain of blocks lay in the part that was cut off.
  const end = Buffer.alloc(16);
  const units = BigInt(Math.floor((size - 160) / 16) - 1);
  const lastFree = lastFreeUnits(image);
  end.writeBigUInt64LE(lastFree, 0);
  end.writeBigUInt64LE(units | (1n << 63n), 8);
  writeSync(fd, end, 0, 16, 160 + Number(units) * 16);
  closeSync(fd);
  return name;
}

function lastFreeUnits(image: Buffer): bigint {
  let block = 160;
  for (;;) {
    const units = image.readBigUInt64LE(block + 8) & ((1n << 62n) - 1n);
    if (block + Number(units) * 16 >= image.length - 16) return units;
    block += Number(units) * 16;
  }
}

// Transcript "structured-classic-requests": the last two messages from the server hold these handles.
const METADATA = 0x6260;
const BODY = 0x41d0;

describe('the session pool', () => {
  it('opens, and its recorded handles are the last response', () => {
    const pool = poolOpen(restore('classic-1_classic_1.bin'));
    expect(pool.size).toBe(2 ** 31);
    const [body] = pool.listBorrow(BODY, 1) as ArrayBuffer[];
    const [metadata] = pool.listBorrow(METADATA, 1) as ArrayBuffer[];
    expect(body!.byteLength).toBe(32);
    expect(metadata!.byteLength).toBe(88);
    // The body's root struct: union tag 1, and behind its pointer the one UInt64 of the response.
    const hex = Buffer.from(body!).toString('hex');
    expect(hex).toBe('0000000001000100010000000000000000000000010000003211000000000000');
    // The metadata: its first data word is the id of the message, one more than the requests answered before it.
    expect(Buffer.from(metadata!).readUInt16LE(8)).toBe(0x1133);
    // Handles that the client had been given back are free by now: 0xb0 and 0x2140 of the same transcript.
    expect(pool.listRelease(0xb0, [])).toBeLessThan(0);
    expect(pool.listRelease(0x2140, [])).toBeLessThan(0);
  });

  it('frees what C++ allocated, to the last byte, and stays sane for C++', () => {
    const name = restore('classic-1_classic_1.bin');
    const pool = poolOpen(name);
    expect(pool.listRelease(METADATA, [])).toBe(0);
    expect(pool.listRelease(BODY, [])).toBe(0);
    expect(pool.freeBytes()).toBe(2 ** 31 - 160);
    const mine = pool.listStore(new Uint8Array(100).fill(1), 0, 100);
    const [sane] = oracle('sanity', name);
    expect(sane).toBe('1');
    expect(oracle('take', name, mine).slice(0, 2)).toEqual(['1', '1']);
    expect(pool.freeBytes()).toBe(2 ** 31 - 160);
  });

  it('is written as C++ writes: the same bytes for the same history', () => {
    const image = readFileSync(new URL('vectors/classic-0_classic_1.bin', import.meta.url));
    const pool = poolCreate(uniqueName('same'), 2 ** 31, 0o600);
    const mine = Buffer.from(pool.view(0, 4096));
    expect(mine.toString('hex')).toBe(image.subarray(0, 4096).toString('hex'));

    const recorded = readFileSync(new URL('vectors/classic-1_classic_1.bin', import.meta.url));
    const list = pool.listCreate();
    pool.listGrow(list, 8192);
    pool.listLend(list, [88]);
    pool.listRelease(list, []);
    const bytesOf = (source: Buffer, at: number, length: number) =>
      source.subarray(at, at + length).toString('hex');
    const written = Buffer.from(pool.view(0, 4096));
    // Holder, and node: in both images node and buffer follow the holder at the same distances.
    expect(bytesOf(written, list, 32)).toBe(bytesOf(recorded, METADATA, 32));
    expect(bytesOf(written, list + 48, 72)).toBe(bytesOf(recorded, METADATA + 48, 72));
  });
});

describe('the application pool', () => {
  it('is empty and usable', () => {
    const name = restore('classic-0_classic_1.bin');
    const pool = poolOpen(name);
    expect(pool.freeBytes()).toBe(2 ** 31 - 160);
    const offset = pool.allocate(1000);
    expect(offset).toBe(176);
    expect(pool.free(offset)).toBe(0);
    expect(oracle('exercise', name)).toEqual(['1', '1', String(2 ** 31 - 160), String(2 ** 31 - 160)]);
  });
});
