// Messages damaged in every small way, at random, and while they are read: coded errors or harmless values, no
// access outside the segments, no write, bounded work.
//
// A normal run fuzzes a million messages, a long one (FLOW_IPC_LONG=1) fifty million; each reads some of them (30,000,
// two million) amid other messages.

import { Worker } from 'node:worker_threads';
import {
  type AnyMemory,
  AnyPointerList,
  CapnpError,
  canonicalize,
  Int32List,
  Memory,
  MemoryPart,
  MessageBuilder,
  MessageReader,
  type StructReader,
  type StructType,
  structList,
  summary,
  Text,
  toJson,
  toObject,
} from '@flow-ipc/capnp';
import { describe, expect, it, vi } from 'vitest';
import { Anything, Tree } from './generated/generics.capnp.js';
import { Node, Unions } from './generated/kitchen-sink.capnp.js';
import { HostileAllocator } from './support/allocators.js';
import { walk } from './support/walk.js';

vi.setConfig({ testTimeout: 3_600_000 });
// Millions of errors are thrown here, and their stacks would take most of the time.
Error.stackTraceLimit = 0;

const LONG = process.env.FLOW_IPC_LONG === '1';
const FUZZED = LONG ? 50_000_000 : 1_000_000;
const SHARED = LONG ? 2_000_000 : 30_000;
const LIMITS = { traversalLimitWords: 200, nestingLimit: 10 };

interface Sample {
  readonly name: string;
  readonly type: StructType;
  readonly segments: Uint8Array[];
}

/** Small messages that have every kind of pointer. */
function samples(): Sample[] {
  const out: Sample[] = [];
  const add = (
    name: string,
    type: StructType,
    sizes: number[],
    fill: (message: MessageBuilder) => void,
  ): void => {
    const message = new MessageBuilder(new HostileAllocator(...sizes));
    fill(message);
    // Buffers of their own size: an access outside is a RangeError, which no test accepts.
    out.push({ name, type, segments: message.segments().map((segment) => segment.slice()) });
  };
  const tree = (message: MessageBuilder): void => {
    const root = message.initRoot(Node);
    root.name = 'root';
    const children = root.initChildren(2);
    children.at(0).payload = Uint8Array.of(1, 2, 3);
    children.at(1).initLeft().value = 9;
  };
  add('structs and lists', Node, [8192], tree);
  add('far pointers', Node, [0], tree);
  add('double-far pointers', Node, [0], (message) => {
    const root = message.initRoot(Node);
    // Made without room for a landing pad beside them.
    root.adoptName(message.newOrphan(Text, 'elsewhere'));
    const list = message.newOrphan(structList(Node), 1);
    list.get().at(0).value = 5;
    root.adoptChildren(list);
  });
  add('a union', Unions, [64], (message) => {
    const root = message.initRoot(Unions);
    root.initNumbers(3).setAll([1, 2, 3]);
    root.after = 'after';
  });
  add('untyped pointers', Anything, [8192], (message) => {
    const root = message.initRoot(Anything);
    root.pointer.init(AnyPointerList, 2).at(1).init(Text, 'x');
    root.initStruct().init(Node).name = 'n';
    root.initList().init(Int32List, 2);
  });
  add('a bound generic', Tree.of(Text) as unknown as StructType, [8192], (message) => {
    const root = message.initRoot(Tree.of(Text));
    root.value = 'v';
    root.initChildren(2).at(0).value = 'w';
  });
  return out;
}

function read(sample: Sample): Set<string> {
  try {
    return walk(new MessageReader(sample.segments, LIMITS).getRoot(sample.type)).codes;
  } catch (error) {
    if (!CapnpError.is(error)) throw error;
    return new Set([error.code]);
  }
}

const same = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.every((segment, i) => Buffer.compare(segment, b[i]!) === 0);

describe('every pair of bits of every word', () => {
  it.each(samples())('$name', (sample) => {
    const before = sample.segments.map((segment) => segment.slice());
    const clean = read(sample);
    const codes = new Set<string>();
    let mutants = 0;
    for (const segment of sample.segments) {
      for (let word = 0; word < segment.length; word += 8) {
        for (let a = 0; a < 64; a++) {
          for (let b = a; b < 64; b++) {
            flip(segment, word, a);
            if (b !== a) flip(segment, word, b);
            for (const code of read(sample)) codes.add(code);
            if (b !== a) flip(segment, word, b);
            flip(segment, word, a);
            mutants++;
          }
        }
      }
    }
    // Flipping back has made the original again only if nothing was written in between.
    expect(same(sample.segments, before)).toBe(true);
    expect(mutants).toBe((before.reduce((sum, { length }) => sum + length, 0) / 8) * 2080);
    expect(codes.size).toBeGreaterThan(3);
    // Only what is tried as the wrong kind of list is refused in the sample itself.
    expect(read(sample)).toEqual(clean);
    expect(clean.size).toBe(sample.type === Anything ? 1 : 0);
  });

  function flip(segment: Uint8Array, word: number, bit: number): void {
    segment[word + (bit >>> 3)]! ^= 1 << (bit & 7);
  }
});

describe(`${FUZZED} messages with random changes`, () => {
  const all = samples();
  const random = xorshift(LONG ? Date.now() : 0x51ed270b);

  it.each(all)('$name', (sample) => {
    const { segments } = sample;
    const before = segments.map((segment) => segment.slice());
    const codes = new Map<string, number>();
    const runs = Math.ceil(FUZZED / all.length);
    for (let run = 0; run < runs; run++) {
      const touched = segments[random() % segments.length]!;
      const original = before[segments.indexOf(touched)]!;
      const changes = 1 + (random() % 3);
      for (let i = 0; i < changes; i++) change(random, touched, segments.length);
      const changed = touched.slice();
      for (const code of read(sample)) codes.set(code, (codes.get(code) ?? 0) + 1);
      if (Buffer.compare(touched, changed) !== 0) throw new Error(`run ${run} wrote to the message`);
      touched.set(original);
    }
    expect(same(segments, before)).toBe(true);
    expect(codes.size).toBeGreaterThan(3);
  });
});

/** Damages a segment in a way that a reader has to look at. */
function change(random: () => number, segment: Uint8Array, segmentCount: number): void {
  const view = new DataView(segment.buffer);
  const at = random() % segment.length;
  const word = at & ~7;
  switch (random() % 5) {
    case 0:
      segment[at]! ^= 1 << (random() % 8);
      break;
    case 1:
      segment[at] = random();
      break;
    case 2: // near, of any kind, small
      view.setInt32(word, (((random() % 32) - 16) << 2) | (random() % 4), true);
      view.setUint32(word + 4, random() % 64, true);
      break;
    case 3: // far
      view.setUint32(word, ((random() % 12) << 3) | ((random() % 2) << 2) | 2, true);
      view.setUint32(word + 4, random() % (segmentCount + 1), true);
      break;
    default: // a list of anything
      view.setInt32(word, (((random() % 16) - 8) << 2) | 1, true);
      view.setUint32(word + 4, ((random() % 512) << 3) | (random() % 8), true);
  }
}

describe(`${SHARED} damaged messages in memory that others use too`, () => {
  const all = samples();
  const random = xorshift(LONG ? Date.now() : 0x2f6e2b1);

  it.each(all)('$name: nothing of the others is seen', ({ type, segments }) => {
    const runs = Math.ceil(SHARED / all.length);
    const codes = new Set<string>();
    for (let run = 0; run < runs; run++) {
      const damaged = segments.map((segment) => segment.slice());
      const touched = damaged[random() % damaged.length]!;
      for (let i = 0; i <= random() % 3; i++) change(random, touched, damaged.length);
      const alone = everythingIn(damaged, type);
      codes.add(alone);
      // Neighbours that would make sense as a part of the message, and others that would not.
      for (const neighbour of [damaged[0]!, new Uint8Array(24).fill(0xff)]) {
        const { parts, memory } = among(neighbour, damaged);
        const before = memory.slice();
        expect(everythingIn(parts, type)).toBe(alone);
        if (Buffer.compare(memory, before) !== 0) throw new Error(`run ${run} wrote to the memory`);
      }
    }
    expect(codes.size).toBeGreaterThan(10);
  });

  /** The segments in one piece of memory, each between two copies of `neighbour`. */
  function among(neighbour: Uint8Array, damaged: readonly Uint8Array[]) {
    const pieces = [neighbour, ...damaged.flatMap((segment) => [segment, neighbour])];
    const memory = new Uint8Array(Buffer.concat(pieces));
    const shared = new Memory(memory);
    let at = neighbour.length;
    const parts = damaged.map((segment) => {
      const part = new MemoryPart(shared, at, segment.length);
      at += segment.length + neighbour.length;
      return part;
    });
    return { parts, memory };
  }

  /** All that the ways of reading make of a message, as text. */
  function everythingIn(message: readonly AnyMemory[], type: StructType): string {
    const open = () => new MessageReader(message, LIMITS).getRoot(type);
    const ways: (() => string)[] = [
      () => JSON.stringify(toJson(open())),
      () => {
        const { visited, codes } = walk(open());
        return `${visited} ${[...codes].sort()}`;
      },
      () => Buffer.from(canonicalize(open())).toString('hex'),
      () => {
        const copy = new MessageBuilder();
        copy.setRoot(open());
        return Buffer.concat(copy.segments()).toString('hex');
      },
    ];
    return ways
      .map((way) => {
        try {
          return way();
        } catch (error) {
          if (!CapnpError.is(error)) throw error;
          return error.code;
        }
      })
      .join('\n');
  }
});

describe('bytes that another thread changes', () => {
  const READS = LONG ? 2_000_000 : 40_000;

  /** The worker's program: sets random words to words that lead somewhere, and back to what they were. */
  const SCRIBBLER = `
    const { workerData } = require('node:worker_threads');
    const { memory, start, words, original, control } = workerData;
    const view = new DataView(memory, start, words * 8);
    const first = new DataView(original.buffer, original.byteOffset, original.byteLength);
    let state = 77;
    const random = () => { state ^= state << 13; state ^= state >>> 17; state ^= state << 5; return state >>> 0; };
    while (Atomics.load(control, 0) === 0) {
      const at = (random() % words) * 8;
      const kind = random() % 4;
      if (kind === 0) view.setUint8(at + random() % 8, random());
      else if (kind === 1) { view.setInt32(at, ((random() % 64 - 32) << 2) | (random() % 4), true); view.setUint32(at + 4, random() % 512, true); }
      else view.setBigUint64(at, first.getBigUint64(at, true), true);
      Atomics.add(control, 1, 1);
    }
  `;

  it('lead to coded errors and values only, without a write', async () => {
    const message = new MessageBuilder();
    const root = message.initRoot(Node);
    root.name = 'a name that is longer than what is decoded byte by byte';
    for (const child of root.initChildren(4)) {
      child.name = 'child';
      child.payload = new Uint8Array(24).fill(3);
      child.initLeft().initChildren(2).at(1).name = 'deep';
    }
    const original = message.segments()[0]!.slice();
    const start = 64;
    const memory = new SharedArrayBuffer(original.length + 2 * start);
    const shared = new Uint8Array(memory, start, original.length);
    shared.set(original);
    const control = new Int32Array(new SharedArrayBuffer(8));
    const workerData = { memory, start, words: original.length / 8, original, control };
    const worker = new Worker(SCRIBBLER, { eval: true, workerData });
    const restore = forbidWrites(memory);
    const codes = new Set<string>();
    try {
      while (Atomics.load(control, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      const ways: ((reader: StructReader) => unknown)[] = [
        (reader) => {
          for (const code of walk(reader).codes) codes.add(code);
        },
        (reader) => toObject(reader),
        (reader) => toJson(reader),
        (reader) => summary(reader),
        (reader) => canonicalize(reader),
        (reader) => new MessageBuilder().setRoot(reader),
      ];
      for (let i = 0; i < READS; i++) {
        try {
          ways[i % ways.length]!(new MessageReader([shared], { traversalLimitWords: 2000 }).getRoot(Node));
        } catch (error) {
          if (!CapnpError.is(error)) throw error;
          codes.add(error.code);
        }
      }
      expect(Atomics.load(control, 1)).toBeGreaterThan(1000);
    } finally {
      restore();
      Atomics.store(control, 0, 1);
      await new Promise((resolve) => worker.once('exit', resolve));
    }
    const border = new Uint8Array(memory);
    expect(
      [...border.subarray(0, start), ...border.subarray(start + original.length)].every((b) => b === 0),
    ).toBe(true);
    for (const code of ['OUT_OF_BOUNDS', 'BAD_POINTER'])
      expect(codes).toContain(`ERR_FLOW_IPC_CAPNP_${code}`);
  });

  /** While it holds, nothing in this thread may write to `memory`. */
  function forbidWrites(memory: SharedArrayBuffer): () => void {
    const originals: [object, string, PropertyDescriptor][] = [];
    for (const prototype of [DataView.prototype, Uint8Array.prototype, Buffer.prototype] as object[]) {
      for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
        if (typeof descriptor.value !== 'function' || !/^(set|fill|write|copyWithin)/.test(name)) continue;
        originals.push([prototype, name, descriptor]);
        const original = descriptor.value as (...args: unknown[]) => unknown;
        Object.defineProperty(prototype, name, {
          ...descriptor,
          value(this: ArrayBufferView, ...args: unknown[]) {
            if (this.buffer === memory) throw new Error(`${name} on the message`);
            return original.apply(this, args);
          },
        });
      }
    }
    return () => {
      for (const [prototype, name, descriptor] of originals)
        Object.defineProperty(prototype, name, descriptor);
    };
  }
});

function xorshift(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}
