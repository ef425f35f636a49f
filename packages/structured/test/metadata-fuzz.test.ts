// The parsers of what a peer sends first: negotiation and metadata. A million mutants give a coded error or sense.
import { MessageBuilder } from '@flow-ipc/capnp';
import { FlowIpcError, ReceiveBuffer } from '@flow-ipc/core';
import { expect, it } from 'vitest';
import { StructuredMessage } from '../src/generated/structured-msg.capnp.js';
import { heapSerialization, StructError } from '../src/index.js';
import { buildUnexpectedResponse, emptyMetadata, MetadataWriter, readMetadata } from '../src/metadata.js';
import type { MsgIn } from '../src/msg-in.js';
import { PipeReader } from '../src/pipe-reader.js';
import { Body } from './generated/test-body.capnp.js';
import { ASK_BODY, HELLO } from './harness.js';

// Errors are made by the hundred thousand.
Error.stackTraceLimit = 0;

/** In npm test; ten times as many with FLOW_IPC_LONG=1. */
const MUTANTS = process.env.FLOW_IPC_LONG ? 10_000_000 : 1_000_000;

/** xorshift: fast, and the same every time. */
let state = 0x2545f491;
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

const token = Uint8Array.from({ length: 16 }, (_, i) => i);

/** Honest metadata of every shape: ours, a response's, an internal one, and a layout of another implementation. */
function originals(): Uint8Array[] {
  const own = [0, 7].map((origin) => {
    const writer = new MetadataWriter();
    return writer.bytes.subarray(0, writer.write(3, 2, origin, token));
  });
  const foreign = new MessageBuilder();
  const root = foreign.initRoot(StructuredMessage);
  root.numBodySerializationSegments = 2n;
  root.initOriginatingMessageOrNull().id = 9n;
  root.initAuthHeader().initSessionToken().first8 = 5n;
  root.id = 4n;
  return [...own, buildUnexpectedResponse(5, 'nobody waits for this one', token), foreign.segments()[0]!];
}

/** Changes up to three places in memory, calls back, and puts them right again. */
function mutated(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  length: number,
  use: (length: number) => void,
): void {
  const saved: [number, number][] = [];
  for (let n = 1 + random(3); n > 0; n--) {
    // Whole words, a bit, or one of the values where trouble lies.
    const at = start + random(length);
    saved.push([at, bytes[at]!]);
    const kind = random(4);
    bytes[at] = kind === 0 ? random(256) : kind === 1 ? bytes[at]! ^ (1 << random(8)) : kind === 2 ? 0xff : 0;
  }
  void view;
  use(random(8) === 0 ? random(length + 1) : length);
  for (const [at, value] of saved.reverse()) bytes[at] = value;
}

it('metadata: a coded error, or ids and counts that are ids and counts', () => {
  const into = emptyMetadata();
  const codes = new Map<string, number>();
  const memory = new Uint8Array(4096);
  const view = new DataView(memory.buffer);
  for (const original of originals()) {
    memory.set(original, 64);
    for (let i = 0; i < MUTANTS / 4; i++) {
      mutated(memory, view, 64, original.length, (length) => {
        let code = 'understood';
        try {
          readMetadata(memory, view, 64, length, into);
          if (
            !Number.isSafeInteger(into.id) ||
            !Number.isSafeInteger(into.originatingId) ||
            !(into.segments >= 0) ||
            into.tokenAt + 16 > into.tokenView.byteLength
          ) {
            throw new Error(`${JSON.stringify(into)} is no sense`);
          }
        } catch (err) {
          if (!(err instanceof FlowIpcError)) throw err;
          ({ code } = err);
        }
        codes.set(code, (codes.get(code) ?? 0) + 1);
      });
    }
  }
  expect([...codes.keys()].sort()).toEqual(
    [StructError.INTERNAL_MSG_TYPE_UNKNOWN, StructError.MISUSED_SCHEMA, 'understood'].sort(),
  );
}, 300_000);

it('whole conversations: one coded end, or messages that can be read', () => {
  const writer = new MetadataWriter();
  const frames = [HELLO, writer.bytes.subarray(0, writer.write(1, 1, 0, token)), ASK_BODY];
  const starts = frames.map((_, i) => frames.slice(0, i).reduce((sum, f) => sum + f.length, 0));
  const buffer = new ReceiveBuffer(4096);
  frames.forEach((frame, i) => {
    buffer.bytes.set(frame, starts[i]);
  });
  const total = starts[2]! + ASK_BODY.length;
  const owner = { type: Body, serialization: heapSerialization };
  let understood = 0;
  let ends = 0;
  for (let i = 0; i < MUTANTS / 5; i++) {
    let ended: Error | undefined;
    let got: MsgIn<typeof Body> | undefined;
    const reader = new PipeReader<typeof Body>(owner, 0, 'any', 1 << 20, {
      checkMetadata: () => {},
      onMessage: (_, message) => (got = message),
      onRemoteUnexpectedResponse: () => {},
      onEnd: (_, error) => {
        if (ended) throw new Error('ended twice');
        ended = error;
      },
    });
    mutated(buffer.bytes, buffer.view, 0, total, () => {
      frames.forEach((frame, n) => {
        reader.onMessage(buffer, starts[n]!, frame.length, -1, false);
      });
      // Later changes of the receive buffer must not show: it is used again.
    });
    if (ended && !(ended instanceof FlowIpcError)) throw ended;
    if (ended && got) throw new Error('a message and an end of one frame each');
    if (ended) ends++;
    if (got) {
      String(got);
      understood++;
    }
  }
  expect(Math.min(understood, ends)).toBeGreaterThan(MUTANTS / 100);
}, 300_000);
