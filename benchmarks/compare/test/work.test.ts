// What is measured with whom, and the messages that are sent: stamps, checks, pieces.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allCases, applies, onlyFilter, quickCases, smokeCases } from '../src/cases.js';
import { fileAsBytes, fileFromBytes } from '../src/links/capnp-file.js';
import { Assembler, pieces } from '../src/links/pieces.js';
import { asChunks, fileChunks, readFile, verifyFile } from '../src/peer/file.js';
import {
  insideIsWhole,
  isLast,
  Kind,
  kindOf,
  Message,
  NOTE_SIZE,
  sequenceOf,
  sizeOf,
  stampIsWhole,
} from '../src/peer/message.js';
import { Responder } from '../src/peer/responder.js';
import { turned } from '../src/run/measure.js';
import { SUBJECTS } from '../src/subjects.js';

const benchNames = (cases: ReturnType<typeof allCases>) =>
  cases.flatMap(({ benches }) => benches.map(({ name }) => name));

describe('cases', () => {
  it('are all those that were promised', () => {
    const names = benchNames(allCases());
    for (const size of ['64B', '4KiB', '64KiB', '1MiB', '100MiB']) {
      for (const work of ['round-trip', 'one-way', 'cpu', 'memory'])
        expect(names).toContain(`${work}/${size}`);
    }
    for (const name of ['open', 'payload/perf-demo', 'clients/1', 'clients/8', 'clients/64'])
      expect(names).toContain(name);
  });
  it('are fewer when it must be quick, and none of them large when it only must work', () => {
    expect(quickCases().length).toBe(6);
    expect(benchNames(smokeCases()).filter((name) => /100MiB|clients\/64/.test(name))).toEqual([]);
  });
  it('open connections with one variant of each of ours, and the floor', () => {
    const open = allCases().find(({ work }) => work === 'open')!;
    const names = SUBJECTS.filter((subject) => applies(open, subject)).map(({ name }) => name);
    expect(names.filter((name) => name.endsWith('/blocking'))).toEqual([]);
    expect(names).toContain('c-floor');
  });
});

describe('--only', () => {
  it.each([
    ['zeromq', 'round-trip/64B', 'zeromq', true],
    ['zeromq', 'round-trip/64B', 'grpc', false],
    ['round-trip/64B', 'round-trip/64B', 'grpc', true],
    ['one-way/* zeromq', 'one-way/4KiB', 'zeromq', true],
    ['one-way/* zeromq', 'round-trip/4KiB', 'zeromq', false],
    ['open, payload', 'payload/perf-demo', 'grpc', true],
    ['raw-socket/async', 'open', 'raw-socket/async', true],
    ['.', 'open', 'grpc', false],
  ])('%j on %j %j: %j', (pattern, bench, subject, good) => {
    expect(onlyFilter(pattern)(bench, subject)).toBe(good);
  });
});

it('gives every subject its turn in every round, beginning elsewhere', () => {
  const all = ['a', 'b', 'c', 'd', 'e'];
  const rounds = [0, 1, 2, 3].map((round) => turned(all, round));
  for (const round of rounds) expect([...round].sort()).toEqual(all);
  expect(new Set(rounds.map(([first]) => first)).size).toBeGreaterThan(2);
  expect(turned([], 3)).toEqual([]);
});

describe('messages', () => {
  it('carry stamps that are checked', () => {
    const message = Message.ofSize(4096);
    message.stamp(0xfffffffe, Kind.PUSH_ACK, true);
    const { bytes } = message;
    expect([sequenceOf(bytes), kindOf(bytes), isLast(bytes), sizeOf(bytes)]).toEqual([
      0xfffffffe,
      Kind.PUSH_ACK,
      true,
      4096,
    ]);
    expect(stampIsWhole(bytes)).toBe(true);
    expect(insideIsWhole(bytes)).toBe(true);
    expect(stampIsWhole(bytes.subarray(0, 4095))).toBe(false);
  });
  it('are found out when any byte has changed', () => {
    const sizes = fc.constantFrom(NOTE_SIZE, 1000, 70_000);
    fc.assert(
      fc.property(
        sizes,
        fc.double({ min: 0, max: 0.9999, noNaN: true }),
        fc.integer({ min: 1, max: 255 }),
        (size, at, flip) => {
          const { bytes } = Message.ofSize(size);
          new Message(bytes).stamp(7, Kind.ECHO);
          const i = Math.floor(at * size);
          bytes[i] = bytes[i]! ^ flip;
          // Kind and padding of the header are not part of what is sent to and fro.
          const padding = i >= 4 && i < 8;
          const otherPadding = i >= 12 && i < 16;
          expect(stampIsWhole(bytes) && insideIsWhole(bytes)).toBe(padding || otherPadding);
        },
      ),
      { numRuns: 300 },
    );
  });
  it('differ from block to block', () => {
    const { bytes } = Message.ofSize(200_000);
    const swapped = bytes.slice();
    swapped.copyWithin(65_536, 131_072, 196_608);
    expect(insideIsWhole(swapped)).toBe(false);
  });
  it('go in pieces and come together again', () => {
    const whole: Uint8Array[] = [];
    const assembler = new Assembler((bytes) => whole.push(bytes.slice()));
    fc.assert(
      fc.property(
        fc.integer({ min: 32, max: 300_000 }),
        fc.integer({ min: 20, max: 65_534 }),
        (size, longest) => {
          whole.length = 0;
          const message = Message.ofSize(size);
          message.stamp(1, Kind.ECHO);
          for (let i = 0; i < 2; i++)
            for (const piece of pieces(message.bytes, longest)) assembler.take(piece);
          expect(whole.length).toBe(2);
          for (const bytes of whole) expect(Buffer.from(bytes).equals(message.bytes)).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('servers', () => {
  const sent = (kind: Kind, sequence: number, last = false) => {
    const message = Message.ofSize(NOTE_SIZE);
    message.stamp(sequence, kind, last);
    return message.bytes;
  };
  it('answer what is whole, and tell what is not', () => {
    const responder = new Responder(128);
    const answer = responder.onMessage(sent(Kind.VERIFY, 5))!.bytes;
    expect([answer.length, sequenceOf(answer), kindOf(answer)]).toEqual([128, 5, Kind.VERIFY]);
    const changed = sent(Kind.VERIFY, 6);
    changed[30]! ^= 1;
    expect(kindOf(responder.onMessage(changed)!.bytes)).toBe(Kind.WRONG);
  });
  it('notice a message that is missing among many', () => {
    const responder = new Responder(64);
    expect(responder.onMessage(sent(Kind.PUSH, 1))).toBeUndefined();
    expect(responder.onMessage(sent(Kind.PUSH, 3))).toBeUndefined();
    expect(kindOf(responder.onMessage(sent(Kind.PUSH_ACK, 4))!.bytes)).toBe(Kind.WRONG);
    expect(kindOf(responder.onMessage(sent(Kind.PUSH_ACK, 1, true))!.bytes)).toBe(Kind.PUSH_ACK);
    expect(responder.ended).toBe(true);
  });
});

describe('the file', () => {
  it('is read and verified', () => {
    expect(() => verifyFile(asChunks(fileChunks()))).not.toThrow();
  });
  it('is found out when it is not whole, or not the same', () => {
    const chunks = fileChunks().map((chunk) => ({ ...chunk }));
    expect(() => readFile(asChunks(chunks.slice(1)))).toThrow(/arrived/);
    chunks[3]!.size--;
    expect(() => readFile(asChunks(chunks))).toThrow(/chunk 3 has/);
    const other = fileChunks().map((chunk) => ({ ...chunk, data: chunk.data.slice() }));
    other[4]!.data[100]! ^= 1;
    expect(() => verifyFile(asChunks(other))).toThrow(/chunk 4 arrived changed/);
  });
  it("travels as a Cap'n Proto message between two stamps", () => {
    const bytes = fileAsBytes(9);
    expect([sequenceOf(bytes), kindOf(bytes), sizeOf(bytes)]).toEqual([9, Kind.FETCH, bytes.length]);
    expect(() => verifyFile(fileFromBytes(bytes.slice()))).not.toThrow();
  });
});
