// The response: filled from a source, verified as a client does, and refused when anything in it changed.
import { MessageBuilder, MessageReader } from '@flow-ipc/capnp';
import { expect, it } from 'vitest';
import { responseBytes } from '../src/chunks.js';
import { syntheticSource } from '../src/file-source.js';
import { Body } from '../src/generated/perf-demo.capnp.js';
import { hasher64 } from '../src/hash.js';
import { fillResponse, touch, verifyResponse } from '../src/response.js';

const SIZE = 100_000;

async function response(size = SIZE) {
  const builder = new MessageBuilder();
  const body = builder.initRoot(Body);
  await fillResponse(body, syntheticSource(size));
  const read = () => new MessageReader(builder.segments()).getRoot(Body).getCacheRsp;
  return { builder, body, read };
}

it('carries the whole file', async () => {
  const { read } = await response();
  const whole = hasher64();
  const bytes = new Uint8Array(SIZE);
  await syntheticSource(SIZE).fill(bytes);
  whole.update(bytes);
  expect(touch(read())).toBe(bytes[0]);
  expect(await verifyResponse(read(), SIZE, true)).toEqual({
    chunks: 9,
    bytes: SIZE,
    digest: whole.digest().toString(16),
  });
});

it.each([1, 4096, 4097, 1_000_000, 3_000_001])(
  'needs no more memory than foreseen for %i bytes',
  async (size) => {
    const { builder } = await response(size);
    expect(builder.totalBytes).toBeLessThanOrEqual(responseBytes(size));
  },
);

it('notices a changed byte', async () => {
  const { body, read } = await response();
  body.getCacheRsp.fileParts.at(3).data[17]! ^= 1;
  await expect(verifyResponse(read(), SIZE, false)).rejects.toThrow(/^chunk 3 has hash/);
});

it('notices a chunk that is too short', async () => {
  const { body, read } = await response();
  body.getCacheRsp.fileParts.at(8).dataSizeToVerify = 5n;
  await expect(verifyResponse(read(), SIZE, false)).rejects.toThrow(/^chunk 8 has 1696 bytes/);
});

it('notices that chunks are missing', async () => {
  const { read } = await response();
  await expect(verifyResponse(read(), SIZE + 1, false)).rejects.toThrow(/has 100000 bytes, the file 100001/);
});
