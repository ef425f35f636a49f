// Damaged and hostile messages: always a coded error or a harmless value, and never a write.

import { CapnpError, MessageBuilder, MessageReader, type StructReader } from '@flow-ipc/capnp';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Empty, Everything, Lists, Node } from './generated/kitchen-sink.capnp.js';
import { HostileAllocator } from './support/allocators.js';
import { arbitrary, type Plain, write } from './support/model.js';
import { everything, node } from './support/sink-models.js';
import { type WalkResult, walk } from './support/walk.js';

vi.setConfig({ testTimeout: 300_000 });
// Millions of errors are thrown here, and their stacks would take most of the time.
Error.stackTraceLimit = 0;

/** Mutants of larger messages; fuzz.test.ts has the many small ones. FLOW_IPC_LONG=1 makes it a long run. */
const MUTANTS = process.env.FLOW_IPC_LONG === '1' ? 1_000_000 : 20_000;

/** A segment from 64-bit words; pointers are made by the functions below. */
function words(...values: bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values).buffer);
}
const structPointer = (offset: number, dataWords: number, pointers: number): bigint =>
  BigInt((offset << 2) >>> 0) | (BigInt(dataWords) << 32n) | (BigInt(pointers) << 48n);
const listPointer = (offset: number, size: number, length: number): bigint =>
  BigInt(((offset << 2) | 1) >>> 0) | (BigInt(size) << 32n) | (BigInt(length) << 35n);
const farPointer = (segment: number, word: number, double = false): bigint =>
  BigInt(word * 8 + (double ? 4 : 0) + 2) | (BigInt(segment) << 32n);
const tag = (count: number, dataWords: number, pointers: number): bigint =>
  BigInt((count << 2) >>> 0) | (BigInt(dataWords) << 32n) | (BigInt(pointers) << 48n);

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (CapnpError.is(error)) return error.code.replace('ERR_FLOW_IPC_CAPNP_', '');
    throw error;
  }
  return 'nothing thrown';
}

describe('root', () => {
  it.each([
    ['no segments', [], 'NO_SEGMENT'],
    ['an empty segment', [new Uint8Array(0)], 'OUT_OF_BOUNDS'],
    ['seven bytes', [new Uint8Array(7)], 'OUT_OF_BOUNDS'],
    ['target behind the end', [words(structPointer(1, 1, 0))], 'OUT_OF_BOUNDS'],
    ['target before the start', [words(structPointer(-3, 1, 0), 0n)], 'OUT_OF_BOUNDS'],
    ['too many pointers', [words(structPointer(0, 0, 2), 0n)], 'OUT_OF_BOUNDS'],
    ['a list', [words(listPointer(0, 2, 8), 0n)], 'BAD_POINTER'],
    ['a capability', [words(3n)], 'BAD_POINTER'],
    ['far to a missing segment', [words(farPointer(9, 0))], 'NO_SEGMENT'],
    ['far to segment 2^32-1', [words(farPointer(0xffffffff, 0))], 'NO_SEGMENT'],
    ['far out of bounds', [words(farPointer(0, 1))], 'OUT_OF_BOUNDS'],
    ['far to itself', [words(farPointer(0, 0))], 'BAD_POINTER'],
    ['double-far to itself', [words(farPointer(0, 0, true), 0n)], 'BAD_POINTER'],
    ['double-far, pad cut short', [words(farPointer(0, 0, true))], 'OUT_OF_BOUNDS'],
    [
      'double-far, tag is far',
      [words(farPointer(0, 1, true), farPointer(0, 0), farPointer(0, 0))],
      'BAD_POINTER',
    ],
    [
      'double-far to a missing segment',
      [words(farPointer(0, 1, true), farPointer(7, 0), tag(0, 1, 0))],
      'NO_SEGMENT',
    ],
    [
      'double-far out of bounds',
      [words(farPointer(0, 1, true), farPointer(0, 9), tag(0, 1, 0))],
      'OUT_OF_BOUNDS',
    ],
  ] as const)('%s: %s', (_, segments, code) => {
    expect(codeOf(() => new MessageReader(segments).getRoot(Node))).toBe(code);
  });

  it('a null root reads as defaults', () => {
    const root = new MessageReader([words(0n)]).getRoot(Node);
    expect([root.name, root.value, root.left.left.name, root.children.length]).toEqual(['', 0, '', 0]);
  });

  it('follows a proper double-far pointer', () => {
    const root = new MessageReader([
      words(farPointer(1, 0, true)),
      words(farPointer(2, 1), tag(0, 1, 0)),
      words(0xffffn, 42n),
    ]).getRoot(Node);
    expect(root.value).toBe(42);
    const list = new MessageReader([
      words(structPointer(0, 0, 4), 0n, farPointer(1, 0, true), 0n, 0n),
      words(farPointer(2, 1), listPointer(0, 7, 2)),
      words(0xffffn, tag(2, 1, 0), 5n, 6n),
    ]).getRoot(Node);
    expect(list.children.toArray().map((child) => child.value)).toEqual([5, 6]);
  });
});

describe('fields', () => {
  /** A Node whose four pointers are given; further words follow at once. */
  const nodeOf = (pointers: bigint[], ...rest: bigint[]): StructReader & { [name: string]: unknown } =>
    new MessageReader([words(structPointer(0, 1, 4), 0n, ...pointers, ...rest)]).getRoot(Node) as never;

  it.each([
    [
      'Text without terminator',
      'name',
      [listPointer(3, 2, 8), 0n, 0n, 0n],
      [0x4141414141414141n],
      'BAD_TEXT',
    ],
    ['empty Text', 'name', [listPointer(3, 2, 0), 0n, 0n, 0n], [], 'BAD_TEXT'],
    ['Text of 16-bit elements', 'name', [listPointer(3, 3, 1), 0n, 0n, 0n], [0n], 'BAD_POINTER'],
    ['Text out of bounds', 'name', [listPointer(3, 2, 9), 0n, 0n, 0n], [0n], 'OUT_OF_BOUNDS'],
    ['Text before the segment', 'name', [listPointer(-9, 2, 1), 0n, 0n, 0n], [], 'OUT_OF_BOUNDS'],
    ['Text that is a struct', 'name', [structPointer(3, 1, 0), 0n, 0n, 0n], [0n], 'BAD_POINTER'],
    [
      'Data that is a list of structs',
      'payload',
      [0n, 0n, 0n, listPointer(0, 7, 0)],
      [tag(0, 0, 0)],
      'BAD_POINTER',
    ],
    ['a struct that is a list', 'left', [0n, 0n, listPointer(1, 2, 1), 0n], [0n], 'BAD_POINTER'],
    ['a list that is a struct', 'children', [0n, structPointer(2, 1, 0), 0n, 0n], [0n], 'BAD_POINTER'],
    ['a list of structs as bits', 'children', [0n, listPointer(2, 1, 64), 0n, 0n], [0n], 'BAD_POINTER'],
    ['a list tag that is no struct', 'children', [0n, listPointer(2, 7, 0), 0n, 0n], [1n], 'BAD_POINTER'],
    ['a list tag behind the end', 'children', [0n, listPointer(9, 7, 0), 0n, 0n], [], 'OUT_OF_BOUNDS'],
    [
      'more elements than words',
      'children',
      [0n, listPointer(2, 7, 1), 0n, 0n],
      [tag(2, 1, 0), 0n],
      'OUT_OF_BOUNDS',
    ],
    [
      '2^30-1 big elements',
      'children',
      [0n, listPointer(2, 7, 1), 0n, 0n],
      [tag(2 ** 30 - 1, 65535, 65535), 0n],
      'OUT_OF_BOUNDS',
    ],
  ] as const)('%s', (_, field, pointers, rest, code) => {
    expect(codeOf(() => nodeOf([...pointers], ...rest)[field])).toBe(code);
  });

  it('lists of numbers refuse elements that are too small, or pointers', () => {
    const lists = (index: number, pointer: bigint, ...rest: bigint[]) => {
      const pointers = Array.from({ length: 23 }, (_, i) => (i === index ? pointer : 0n));
      return new MessageReader([words(structPointer(0, 0, 23), ...pointers, ...rest)]).getRoot(Lists);
    };
    const int32s = 4;
    expect(codeOf(() => lists(int32s, listPointer(18, 3, 2), 0n).int32s)).toBe('BAD_POINTER');
    expect(codeOf(() => lists(int32s, listPointer(18, 6, 1), 0n).int32s)).toBe('BAD_POINTER');
    expect(codeOf(() => lists(int32s, listPointer(18, 0, 9)).int32s)).toBe('BAD_POINTER');
    expect(codeOf(() => lists(int32s, listPointer(18, 7, 1), tag(1, 0, 1), 0n).int32s)).toBe('BAD_POINTER');
    expect(codeOf(() => lists(1, listPointer(21, 7, 1), tag(1, 1, 0), 0n).bools)).toBe('BAD_POINTER');
    expect(codeOf(() => lists(12, listPointer(10, 5, 1), 0n).texts)).toBe('BAD_POINTER');
    expect(codeOf(() => lists(12, listPointer(10, 7, 1), tag(1, 1, 0), 0n).texts)).toBe('BAD_POINTER');
    // Larger elements are a newer schema's; the low part is ours.
    expect(lists(int32s, listPointer(18, 5, 2), 7n, 0xffffffff_00000008n).int32s.toArray()).toEqual([7, 8]);
    expect(lists(int32s, listPointer(18, 7, 2), tag(2, 1, 0), 7n, 8n).int32s.toArray()).toEqual([7, 8]);
    expect(lists(1, listPointer(21, 2, 3), 0x000100n).bools.toArray()).toEqual([false, true, false]);
    expect(lists(0, listPointer(22, 5, 2), 7n, 8n).voids.length).toBe(2);
  });
});

describe('amplification', () => {
  it('elements of no size are bounded, whatever their number', () => {
    const count = 2 ** 29 - 1;
    const pointers = (index: number, pointer: bigint) => {
      const all = Array.from({ length: 23 }, (_, i) => (i === index ? pointer : 0n));
      return new MessageReader([words(structPointer(0, 0, 23), ...all, tag(2 ** 30 - 1, 0, 0))]).getRoot(
        Lists,
      );
    };
    expect(codeOf(() => pointers(0, listPointer(22, 0, count)).voids)).toBe('AMPLIFICATION');
    expect(codeOf(() => pointers(20, listPointer(2, 7, 0)).empties)).toBe('AMPLIFICATION');
    expect(codeOf(() => pointers(15, listPointer(7, 7, 0)).structs)).toBe('AMPLIFICATION');
    expect(codeOf(() => pointers(15, listPointer(7, 0, count)).structs)).toBe('AMPLIFICATION');
    // Honest numbers pass.
    const message = new MessageBuilder();
    const lists = message.initRoot(Lists);
    lists.initVoids(100_000);
    lists.initEmpties(100_000);
    const root = message.asReader().getRoot(Lists);
    expect([root.voids.length, root.empties.length]).toEqual([100_000, 100_000]);
    expect(root.empties.at(99_999)).toBeInstanceOf(Empty.Reader);
  });

  it('a struct that contains itself ends at the nesting limit', () => {
    const self = new MessageReader([words(structPointer(0, 1, 4), 0n, 0n, 0n, structPointer(-4, 1, 4), 0n)]);
    let reader = self.getRoot(Node);
    const code = codeOf(() => {
      for (let i = 0; i < 1000; i++) reader = reader.left;
    });
    expect(code).toBe('NESTING_LIMIT');
    const result = timed(() => walk(self.getRoot(Node)));
    expect(result.codes).toContain('ERR_FLOW_IPC_CAPNP_NESTING_LIMIT');
  });

  it('a list whose elements contain the list is cut off by the budget', () => {
    // 8 elements, each with the same list below it: 8^31 paths within the nesting limit.
    const list = Array.from({ length: 8 }, (_, i) => [
      0n,
      0n,
      listPointer(-(i * 5 + 4), 7, 40), // back to the tag
      0n,
      0n,
    ]).flat();
    const segment = words(
      structPointer(0, 1, 4),
      0n,
      0n,
      listPointer(2, 7, 40),
      0n,
      0n,
      tag(8, 1, 4),
      ...list,
    );
    const message = new MessageReader([segment]);
    // As an application would: it stops at the first error.
    let nodes = 0;
    const descend = (list: Iterable<InstanceType<typeof Node.Reader>>, depth: number): void => {
      for (const child of list) {
        nodes++;
        if (depth > 0) descend(child.children, depth - 1);
      }
    };
    expect(codeOf(() => descend(message.getRoot(Node).children, 20))).toBe('AMPLIFICATION');
    expect(nodes).toBeLessThan(2_000_000);
    const result = timed(() =>
      walk(new MessageReader([segment], { traversalLimitWords: 1e5 }).getRoot(Node)),
    );
    expect(result.codes).toContain('ERR_FLOW_IPC_CAPNP_AMPLIFICATION');
  });

  it('pointers that share an object are bounded even without a cycle', () => {
    // 30 levels of two children that have the same children: 2^30 paths, a kilobyte.
    const levels: bigint[] = [];
    for (let level = 0; level < 30; level++) {
      // The list's tag, then two nodes; both lead to the tag of the next level.
      levels.push(tag(2, 1, 4));
      for (const element of [0, 1]) {
        levels.push(0n, 0n, level === 29 ? 0n : listPointer(element === 0 ? 7 : 2, 7, 10), 0n, 0n);
      }
    }
    const segment = words(structPointer(0, 1, 4), 0n, 0n, listPointer(2, 7, 10), 0n, 0n, ...levels);
    const limits = { traversalLimitWords: 50_000 };
    let visited = 0;
    const descend = (list: Iterable<InstanceType<typeof Node.Reader>>): void => {
      for (const child of list) {
        visited++;
        descend(child.children);
      }
    };
    expect(codeOf(() => descend(new MessageReader([segment], limits).getRoot(Node).children))).toBe(
      'AMPLIFICATION',
    );
    expect(visited).toBeGreaterThan(100);
    expect(visited).toBeLessThan(50_000);
    // A reader held somewhere below the root, or a new root each time, buys nothing.
    const message = new MessageReader([segment], limits);
    const below = message.getRoot(Node).children.at(1);
    expect(codeOf(() => Array.from({ length: 10_000 }, () => below.children.at(0)))).toBe('AMPLIFICATION');
    expect(codeOf(() => message.getRoot(Node).children)).toBe('AMPLIFICATION');
  });

  it('an honest message may be read any number of times, from wherever a reader is held', () => {
    const builder = new MessageBuilder(new HostileAllocator(4096, 64, 0));
    const root = builder.initRoot(Node);
    const nodes = root.initChildren(20);
    for (const child of nodes) {
      child.name = 'child';
      child.initPayload(1 << 10);
      child.initChildren(3).at(1).initLeft().name = 'deep';
    }
    // A budget of little more than one pass, so that it is used up again and again.
    const words = builder.totalBytes / 8;
    const message = new MessageReader(builder.segments(), { traversalLimitWords: words * 1.2 });
    const { children } = message.getRoot(Node);
    for (let i = 0; i < 500; i++) {
      for (const child of children) {
        expect(child.payload.length + child.name.length).toBe(1029);
        expect(child.children.at(1).left.name).toBe('deep');
      }
    }
    const { payload } = children.at(3);
    expect(payload.length).toBe(1 << 10);
    for (let i = 0; i < 10_000; i++) expect(children.at(i % 20).hasPayload()).toBe(true);
    for (let i = 0; i < 10_000; i++) expect(message.getRoot(Node).children.length).toBe(20);
    // Less than one pass is what the option forbids.
    const less = new MessageReader(builder.segments(), { traversalLimitWords: words / 2 });
    expect(codeOf(() => [...less.getRoot(Node).children].map(({ payload }) => payload))).toBe(
      'AMPLIFICATION',
    );
  });

  it('limits are options', () => {
    const builder = new MessageBuilder();
    let at = builder.initRoot(Node);
    for (let i = 0; i < 100; i++) at = at.initLeft();
    at.value = 5;
    const depth = (nestingLimit: number): string =>
      codeOf(() => {
        let reader = new MessageReader(builder.segments(), { nestingLimit }).getRoot(Node);
        for (let i = 0; i < 100; i++) reader = reader.left;
        return reader.value;
      });
    expect(depth(64)).toBe('NESTING_LIMIT');
    expect(depth(100)).toBe('NESTING_LIMIT');
    expect(depth(101)).toBe('nothing thrown');
    const lists = new MessageBuilder();
    lists.initRoot(Node).initChildren(1).at(0).value = 5;
    // As in C++: the root, the list and its element are a level each.
    const element = (nestingLimit: number): string =>
      codeOf(() => new MessageReader(lists.segments(), { nestingLimit }).getRoot(Node).children.at(0).value);
    expect([element(1), element(2), element(3)]).toEqual([
      'NESTING_LIMIT',
      'NESTING_LIMIT',
      'nothing thrown',
    ]);
    const tight = new MessageReader(builder.segments(), { traversalLimitWords: 3 });
    expect(codeOf(() => tight.getRoot(Node))).toBe('AMPLIFICATION');
  });

  function timed(action: () => WalkResult): WalkResult {
    const start = performance.now();
    const result = action();
    expect(performance.now() - start).toBeLessThan(60_000);
    return result;
  }
});

describe('mutated messages', () => {
  /** Base messages in one and in many segments. */
  function bases(): Uint8Array[][] {
    const values = fc.sample(arbitrary(everything, 3), { numRuns: 120, seed: 7 }) as Plain[];
    const out: Uint8Array[][] = [];
    values.forEach((value, i) => {
      const message = new MessageBuilder(new HostileAllocator(...[[8192], [64, 256], [0]][i % 3]!));
      write(message.initRoot(Everything), everything, value);
      const segments = message.segments().map((segment) => segment.slice());
      if (message.totalBytes < 3000) out.push(segments);
    });
    return out;
  }

  it(`${MUTANTS} random mutants: coded errors or values, no writes`, () => {
    const originals = bases();
    expect(originals.length).toBeGreaterThan(20);
    const random = xorshift(0x2545f491);
    const codes = new Map<string, number>();
    let visited = 0;
    for (let run = 0; run < MUTANTS; run++) {
      const segments = originals[run % originals.length]!.map((segment) => segment.slice());
      const mutations = 1 + (random() % 4);
      for (let m = 0; m < mutations; m++) mutate(segments, random);
      const before = segments.map((segment) => segment.slice());
      const message = new MessageReader(segments, { traversalLimitWords: 4096 });
      let result: WalkResult = { visited: 0, codes: new Set() };
      try {
        result = walk(message.getRoot(Everything));
      } catch (error) {
        if (!CapnpError.is(error)) throw error;
        result.codes.add(error.code);
      }
      visited += result.visited;
      for (const code of result.codes) codes.set(code, (codes.get(code) ?? 0) + 1);
      for (let i = 0; i < segments.length; i++) {
        if (Buffer.compare(segments[i]!, before[i]!) !== 0)
          throw new Error(`run ${run} wrote to segment ${i}`);
      }
    }
    // The mutants must have been real: most kinds of refusal occur, and much is still readable.
    for (const code of ['OUT_OF_BOUNDS', 'BAD_POINTER', 'BAD_TEXT', 'NO_SEGMENT', 'AMPLIFICATION']) {
      expect(codes.get(`ERR_FLOW_IPC_CAPNP_${code}`) ?? 0, code).toBeGreaterThan(0);
    }
    expect(visited / MUTANTS).toBeGreaterThan(50);
  });

  it('memory that changes between reads cannot lead out of bounds', () => {
    // Another process is played by a DataView that returns other pointers at each read.
    const message = new MessageBuilder();
    write(
      message.initRoot(Node),
      node,
      (fc.sample(arbitrary(node, 3), { numRuns: 1, seed: 3 }) as Plain[])[0]!,
    );
    const base = message.segments()[0]!;
    const random = xorshift(99);
    const getUint32 = DataView.prototype.getUint32;
    const spy = vi.spyOn(DataView.prototype, 'getUint32').mockImplementation(function (
      this: DataView,
      at,
      le,
    ) {
      const value = getUint32.call(this, at, le);
      return random() % 8 === 0 ? (value ^ (1 << (random() % 32))) >>> 0 : value;
    });
    try {
      for (let i = 0; i < 5000; i++) {
        const reader = new MessageReader([base.slice()], { traversalLimitWords: 2048 });
        try {
          walk(reader.getRoot(Node));
        } catch (error) {
          if (!CapnpError.is(error)) throw error;
        }
      }
    } finally {
      spy.mockRestore();
    }
  });

  it('a builder checks the pointers of its own message', () => {
    const pointers: [bigint, string][] = [
      [structPointer(-9, 1, 4), 'OUT_OF_BOUNDS'],
      [structPointer(1, 1, 4), 'OUT_OF_BOUNDS'],
      [listPointer(0, 2, 0), 'BAD_POINTER'],
      [farPointer(3, 0), 'NO_SEGMENT'],
    ];
    for (const [pointer, code] of pointers) {
      const message = new MessageBuilder();
      const root = message.initRoot(Node);
      const segment = message.segments()[0]!;
      // Pointer 2 of the root struct, which begins in word 1 with a word of data.
      new DataView(segment.buffer, segment.byteOffset).setBigUint64(4 * 8, pointer, true);
      expect([pointer, codeOf(() => root.left)]).toEqual([pointer, code]);
    }
  });

  it('a builder whose memory a peer scribbles over stays within what it was given', () => {
    const random = xorshift(4711);
    const values = fc.sample(arbitrary(node, 3), { numRuns: 40, seed: 11 }) as Plain[];
    const codes = new Set<string>();
    for (let run = 0; run < 4000; run++) {
      const allocator = new HostileAllocator(...[[4096], [64], [0]][run % 3]!);
      const message = new MessageBuilder(allocator);
      const root = message.initRoot(Node);
      write(root, node, values[run % values.length]!);
      for (let m = 0; m < 4; m++) {
        // Of the used part only; what is beyond is checked to be untouched.
        const segments = message.segments();
        const from = random() % segments.length;
        if (segments[from]!.length >= 16) mutateInPlace(segments[from]!, segments.length, random);
        for (const action of [
          () => (root.name = 'x'.repeat(random() % 20)),
          () => root.initChildren(random() % 4),
          () => (root.children.at(0).name = 'child'),
          () => root.left.initPayload(random() % 30).fill(1),
          () => root.initLeft().initLeft(),
          () => message.getRoot(Node).payload.fill(2),
        ]) {
          try {
            action();
          } catch (error) {
            if (error instanceof RangeError && /outside a list of/.test(error.message)) continue;
            if (!CapnpError.is(error)) throw error;
            codes.add(error.code);
          }
        }
      }
      if (!allocator.intact((i) => message.usedBytes(i)))
        throw new Error(`run ${run} wrote outside its segments`);
    }
    expect(codes.size).toBeGreaterThan(2);
  });

  function mutateInPlace(segment: Uint8Array, segmentCount: number, random: () => number): void {
    const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
    const word = (random() % (segment.length / 8)) * 8;
    const far = random() % 3 === 0;
    view.setInt32(
      word,
      far ? ((random() % 64) << 3) | 2 : (((random() % 64) - 32) << 2) | (random() % 4),
      true,
    );
    view.setUint32(
      word + 4,
      far ? random() % segmentCount : random() % 2 === 0 ? random() % 256 : random(),
      true,
    );
  }

  function mutate(segments: Uint8Array[], random: () => number): void {
    const segment = segments[random() % segments.length]!;
    if (segment.length === 0) return;
    const at = random() % segment.length;
    const word = at & ~7;
    const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
    switch (random() % 7) {
      case 0:
        segment[at]! ^= 1 << (random() % 8);
        break;
      case 1:
        segment[at] = random();
        break;
      case 2: // another word of the message
        segment.copyWithin(word, (random() % segment.length) & ~7, undefined);
        segment.set(segment.subarray(word, word + 8), word);
        break;
      case 3: // a pointer to somewhere near, of random kind and size
        view.setInt32(word, (((random() % 64) - 32) << 2) | (random() % 4), true);
        view.setUint32(word + 4, random() % 64, true);
        break;
      case 4: // a far pointer
        view.setUint32(word, ((random() % 40) << 3) | ((random() % 2) << 2) | 2, true);
        view.setUint32(word + 4, random() % (segments.length + 1), true);
        break;
      case 5: // a shorter segment
        segments[segments.indexOf(segment)] = segment.slice(0, word);
        break;
      default: // a list of structs with rubbish counts
        view.setInt32(word, (((random() % 16) - 8) << 2) | 1, true);
        view.setUint32(word + 4, ((random() % 512) << 3) | 7, true);
    }
  }

  function xorshift(seed: number): () => number {
    let state = seed;
    return () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 0;
    };
  }
});
