// The recorded C++ conversation: we understand it, and say the same bytes.
import { readFileSync } from 'node:fs';
import { Channel, NativeSocketStream } from '@flow-ipc/core';
import { closeFd, recv, send } from '@flow-ipc/native';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { StructuredChannel } from '../src/index.js';
import { Body } from './generated/test-body.capnp.js';
import { answer, ask, closeAll, keep, turn } from './harness.js';

interface Frame {
  dir: 'in' | 'out';
  hex: string;
}
interface Vectors {
  transcripts: { name: string; frames: Frame[] }[];
}

const vectors = JSON.parse(
  readFileSync(new URL('./vectors/wire-structured.json', import.meta.url), 'utf8'),
) as Vectors;
const wire = (name: string, dir: 'in' | 'out') => {
  const frames = vectors.transcripts.find((t) => t.name === name)!.frames.filter((f) => f.dir === dir);
  return Buffer.from(frames.map((f) => f.hex).join(''), 'hex');
};

afterEach(closeAll);

/** A structured channel whose other end is a bare socket. */
function withBareSocket(sessionToken: Uint8Array, onError: (e: Error) => void = () => {}) {
  const [a, raw] = NativeSocketStream.pair();
  keep({ close: () => closeFd(raw) });
  const channel = keep(
    new StructuredChannel(new Channel(new NativeSocketStream(a)), Body, { sessionToken, onError }),
  );
  const read = (): Buffer => {
    const buffer = Buffer.alloc(65536);
    const n = recv(raw, buffer, 0, buffer.length);
    return buffer.subarray(0, Math.max(0, n));
  };
  const write = (bytes: Uint8Array) =>
    expect(send(raw, bytes, 0, bytes.length, null, 0, 0, -1)).toBe(bytes.length);
  return { channel, read, write };
}

const fromA = wire('structured-heap-a', 'out');
const fromB = wire('structured-heap-b', 'out');
/** Version, negotiation, metadata up to the token. */
const TOKEN_AT = 2 + 18 + 2 + 64;
const token = new Uint8Array(fromA.subarray(TOKEN_AT, TOKEN_AT + 16));

it('side A: our request is byte for byte what the C++ program sent, and its response is understood', async () => {
  const { channel, read, write } = withBareSocket(token);
  const pending = channel.request(ask(channel, 42));
  await turn(10);
  expect(read().toString('hex')).toBe(fromA.toString('hex'));
  write(fromB);
  const response = await pending;
  expect([response.which, response.body.answer.number]).toEqual(['answer', 42n]);
});

it('side B: the C++ request is understood, and our response is byte for byte the same', async () => {
  const { channel, read, write } = withBareSocket(token);
  channel.expectMsg('ask', (request) =>
    channel.send(answer(channel, request.body.ask.numberNumber), request),
  );
  await turn(10);
  write(fromA);
  await turn(10);
  expect(read().toString('hex')).toBe(fromB.toString('hex'));
});

it('any change of its bytes gives a coded error or a harmless message', async () => {
  const mutation = fc.tuple(fc.nat(fromA.length - 1), fc.integer({ min: 1, max: 255 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (mutations, cut) => {
        const bytes = Buffer.from(fromA);
        for (const [at, xor] of mutations) bytes[at]! ^= xor;
        let error: (Error & { code?: string }) | undefined;
        const { channel, write } = withBareSocket(token, (e) => (error = e));
        channel.expectMsgs('ask', (m) => void m.body.ask.number);
        write(cut ? bytes.subarray(0, mutations[0]![0]) : bytes);
        await new Promise(setImmediate);
        if (error) expect(error.code).toMatch(/^ERR_FLOW_IPC_/);
        closeAll();
      },
    ),
    { numRuns: 3000 },
  );
});
