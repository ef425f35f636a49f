// Canonical form and packing, compared with what the C++ tool makes of the same messages.

import {
  CapnpError,
  canonicalize,
  frameLength,
  frameMessage,
  isCanonical,
  MessageBuilder,
  MessageReader,
  pack,
  packMessage,
  readPacked,
  Unpacker,
  unpack,
} from '@flow-ipc/capnp';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { New, Old } from './generated/evolution.capnp.js';
import { Everything, Node } from './generated/kitchen-sink.capnp.js';
import { HostileAllocator } from './support/allocators.js';
import { arbitrary, normal, type Plain, read, write } from './support/model.js';
import { capnp } from './support/oracle.js';
import { everything } from './support/sink-models.js';

vi.setConfig({ testTimeout: 60_000 });

function samples(count: number, seed: number): MessageBuilder[] {
  const values = fc.sample(arbitrary(everything), { numRuns: count, seed }) as Plain[];
  return values.map((value, i) => {
    const message = new MessageBuilder(new HostileAllocator(...[[8192], [64, 256], [0]][i % 3]!));
    write(message.initRoot(Everything), everything, value);
    return message;
  });
}

describe('canonical form', () => {
  it('is byte for byte what C++ makes', () => {
    for (const message of samples(60, 5)) {
      const ours = canonicalize(new MessageReader(message.segments()).getRoot(Everything));
      const theirs = capnp(['convert', 'binary:canonical'], frameMessage(message.segments()));
      expect(Buffer.from(ours).equals(theirs)).toBe(true);
    }
  });

  it('is canonical, and stays what it is', () => {
    for (const message of samples(200, 6)) {
      const root = new MessageReader(message.segments()).getRoot(Everything);
      const canonical = canonicalize(root);
      const again = new MessageReader([canonical]);
      expect(isCanonical(again)).toBe(true);
      expect(canonicalize(again.getRoot(Everything))).toEqual(canonical);
      expect(read(again.getRoot(Everything), everything)).toEqual(normal(read(root, everything)));
    }
  });

  it('does not depend on the schema, the order of building or the segments', () => {
    const build = (...sizes: number[]): MessageBuilder => new MessageBuilder(new HostileAllocator(...sizes));
    const a = build(8192);
    const old = a.initRoot(Old);
    old.number = 5;
    old.text = 'x';
    old.initItems(2).at(0).id = 3;
    const b = build(0);
    const fresh = b.initRoot(New);
    fresh.initItems(2).at(0).id = 3;
    fresh.text = 'replaced';
    fresh.text = 'x';
    fresh.number = 5;
    const canonical = canonicalize(a.getRoot(Old).asReader());
    expect(canonicalize(fresh.asReader())).toEqual(canonical);
    expect(canonicalize(new MessageReader(b.segments()).getRoot(Old))).toEqual(canonical);
  });

  it('other forms are recognised', () => {
    const message = new MessageBuilder();
    message.initRoot(Node).name = 'x';
    const canonical = canonicalize(message.getRoot(Node).asReader());
    const is = (...segments: Uint8Array[]): boolean => isCanonical(new MessageReader(segments));
    expect(is(canonical)).toBe(true);
    expect(is(...message.segments())).toBe(false); // trailing null pointers
    expect(is(canonical, new Uint8Array(8))).toBe(false);
    expect(is(Buffer.concat([canonical, new Uint8Array(8)]))).toBe(false);
    expect(is(Buffer.concat([canonical, new Uint8Array(3)]))).toBe(false);
    const padded = canonical.slice();
    padded[padded.length - 1] = 1; // behind the Text's terminator
    expect(is(padded)).toBe(false);
    expect(is(new Uint8Array(8))).toBe(true);
    expect(is(Buffer.from('fcffffff00000000', 'hex'))).toBe(true);
    expect(() => is(Buffer.from('0000000001000000', 'hex'))).toThrow(CapnpError);
  });
});

describe('framing', () => {
  it('tells the length of a frame as soon as its table is there', () => {
    for (const message of samples(20, 8)) {
      const frame = frameMessage(message.segments());
      const table = (Math.floor(message.segmentCount / 2) + 1) * 8;
      const stream = Buffer.concat([frame, frame]);
      expect(frameLength(stream.subarray(0, table - 1))).toBeUndefined();
      expect(frameLength(stream.subarray(0, table))).toBe(frame.length);
      expect(frameLength(stream)).toBe(frame.length);
    }
    expect(frameLength(new Uint8Array(3))).toBeUndefined();
    expect(() => frameLength(Uint8Array.of(0xff, 0xff, 0, 0))).toThrow(CapnpError);
  });
});

describe('packing', () => {
  it('is understood by C++, and the other way round', () => {
    const messages = samples(60, 7);
    const frames = messages.map((message) => frameMessage(message.segments()));
    const packed = Buffer.concat(messages.map((message) => packMessage(message.segments())));
    // The tool re-frames in one segment; what it unpacks from both has to be equal.
    const convert = (format: string, bytes: Uint8Array): Buffer =>
      capnp(['convert', `${format}:flat-packed`], bytes);
    frames.forEach((frame, i) => {
      const ours = packMessage(messages[i]!.segments());
      expect(convert('packed', ours)).toEqual(convert('binary', frame));
    });
    expect(unpack(packed)).toEqual(new Uint8Array(Buffer.concat(frames)));
    const theirs = capnp(['convert', 'binary:packed'], frames[0]);
    expect(read(readPacked(theirs).getRoot(Everything), everything)).toEqual(
      normal(read(messages[0]!.getRoot(Everything), everything)),
    );
  });

  it('any words survive, however the packed bytes are cut', () => {
    const words = fc.oneof(
      { weight: 3, arbitrary: fc.constant(0n) },
      { weight: 2, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
      { weight: 1, arbitrary: fc.constantFrom(1n, 0xffn << 56n, 0x0101010101010101n, 0x00ff00ff00ff00ffn) },
    );
    const runs = fc.array(
      fc.tuple(words, fc.oneof(fc.nat({ max: 4 }), fc.constantFrom(254, 255, 256, 257, 600))),
      {
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(runs, fc.nat({ max: 50 }), (parts, cut) => {
        const values = parts.flatMap(([word, count]) => Array.from({ length: count }, () => word));
        const bytes = new Uint8Array(BigUint64Array.from(values).buffer);
        const packed = pack(bytes);
        expect(unpack(packed)).toEqual(bytes);
        const unpacker = new Unpacker();
        const out: Uint8Array[] = [];
        for (let at = 0; at < packed.length; at += cut + 1) {
          out.push(unpacker.push(packed.subarray(at, at + cut + 1)));
        }
        unpacker.end();
        expect(new Uint8Array(Buffer.concat(out))).toEqual(bytes);
      }),
      { numRuns: 100 },
    );
  });

  it('bombs, and input that ends too early, are refused', () => {
    const code = 'ERR_FLOW_IPC_CAPNP_BAD_PACKING';
    const bomb = new Uint8Array(2 * 1000).map((_, i) => (i % 2 === 0 ? 0 : 255));
    expect(() => unpack(bomb, 1_000_000)).toThrow(expect.objectContaining({ code }));
    expect(unpack(bomb).length).toBe(256 * 8 * 1000);
    const unpacker = new Unpacker(3000);
    expect(unpacker.push(bomb.subarray(0, 2)).length).toBe(2048);
    expect(() => unpacker.push(bomb.subarray(0, 2))).toThrow(expect.objectContaining({ code }));
    const packed = pack(new Uint8Array(16).fill(7));
    for (let end = 1; end < packed.length; end++) {
      expect(() => unpack(packed.subarray(0, end))).toThrow(expect.objectContaining({ code }));
    }
    expect(() => pack(new Uint8Array(7))).toThrow(RangeError);
    expect(unpack(new Uint8Array(0)).length).toBe(0);
  });
});
