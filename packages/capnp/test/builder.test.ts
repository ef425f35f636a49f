// Builders: ranges, unions, groups, memory that is handed out, refusal, and what generated names look like.

import {
  type BuilderOf,
  CapnpError,
  FixedHeapAllocator,
  HeapAllocator,
  MessageBuilder,
  MessageReader,
  type ReaderOf,
  type WhichOf,
} from '@flow-ipc/capnp';
import { describe, expect, expectTypeOf, it } from 'vitest';
import * as k from './generated/kitchen-sink.capnp.js';

const code = (name: string) => expect.objectContaining({ code: `ERR_FLOW_IPC_CAPNP_${name}` });

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('scalars', () => {
  const root = new MessageBuilder().initRoot(k.Scalars);

  it.each([
    ['tiny', 127, 128],
    ['tiny', -128, -129],
    ['small', 32767, 32768],
    ['medium', -(2 ** 31), 2 ** 31],
    ['utiny', 255, 256],
    ['usmall', 65535, -1],
    ['umedium', 2 ** 32 - 1, 2 ** 32],
    ['umedium', 0, 0.5],
    ['large', -(2n ** 63n), 2n ** 63n],
    ['large', -5, 2 ** 53],
    ['ularge', 2n ** 64n - 1n, -1n],
    ['ularge', Number.MAX_SAFE_INTEGER, -1],
    ['ularge', 0, Number.NaN],
  ] as const)('%s takes %s and refuses %s', (field, good, bad) => {
    root[field] = good as never;
    expect(BigInt(root[field])).toBe(BigInt(good));
    expect(
      thrown(() => {
        root[field] = bad as never;
      }),
    ).toBeInstanceOf(RangeError);
    expect(BigInt(root[field])).toBe(BigInt(good));
  });

  it('refuses other types', () => {
    for (const field of ['tiny', 'ularge', 'double'] as const) {
      for (const bad of ['1', null, undefined, {}]) {
        expect(
          thrown(() => {
            root[field] = bad as never;
          }),
        ).toBeInstanceOf(TypeError);
      }
    }
    expect(
      thrown(() => {
        root.umedium = 1n as never;
      }),
    ).toBeInstanceOf(TypeError);
  });

  it('64-bit numbers without bigint', () => {
    for (const n of [0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      root.ularge = n;
      expect([root.ularge, root.ulargeNumber]).toEqual([BigInt(n), n]);
      root.large = 0 - n;
      expect([root.large, root.largeNumber]).toEqual([-BigInt(n), 0 - n]);
    }
    root.large = -(2n ** 53n);
    expect(thrown(() => root.largeNumber)).toBeInstanceOf(RangeError);
    root.ularge = 2n ** 53n;
    expect(thrown(() => root.ulargeNumber)).toBeInstanceOf(RangeError);
  });

  it('bits do not touch their neighbours', () => {
    root.flag = true;
    root.flag2 = true;
    root.flag = false;
    expect([root.flag, root.flag2]).toEqual([false, true]);
  });
});

describe('unions and groups', () => {
  it('know what is set, and refuse the others', () => {
    const message = new MessageBuilder();
    const root = message.initRoot(k.Unions);
    expect([root.which, root.whichIndex]).toEqual(['nothing', 0]);
    root.number = 7;
    expect([root.which, root.number]).toEqual(['number', 7]);
    root.text = 'seven';
    expect([root.which, root.text, root.hasText(), root.hasNode()]).toEqual(['text', 'seven', true, false]);
    expect(thrown(() => root.number)).toEqual(code('WRONG_UNION_MEMBER'));
    const reader = message.asReader().getRoot(k.Unions);
    expect([reader.which, reader.text]).toEqual(['text', 'seven']);
    expect(thrown(() => reader.node)).toEqual(code('WRONG_UNION_MEMBER'));
    root.setNothing();
    expect(root.which).toBe('nothing');
  });

  it('read a discriminant of a newer schema as undefined', () => {
    const message = new MessageBuilder();
    message.initRoot(k.Unions).number = 1;
    const { discriminantOffset } = k.Unions.union;
    message.segments()[0]![8 + discriminantOffset * 2] = 200;
    const reader = message.asReader().getRoot(k.Unions);
    expect([reader.which, reader.whichIndex]).toEqual([undefined, 200]);
    expect(thrown(() => reader.number)).toEqual(code('WRONG_UNION_MEMBER'));
  });

  it('initialising a group clears what lay there', () => {
    const root = new MessageBuilder().initRoot(k.Unions);
    root.number = 0xffffffff;
    root.text = 'old';
    const pair = root.initPair();
    expect([pair.first, pair.second, pair.hasSecond(), pair.third]).toEqual([0n, '', false, true]);
    pair.second = 'new';
    pair.third = false;
    expect([root.which, root.pair.second, root.pair.third]).toEqual(['pair', 'new', false]);
  });

  it('groups in named unions in groups', () => {
    const root = new MessageBuilder().initRoot(k.Unions);
    expect(root.named.which).toBe('a');
    const inner = root.named.initInner();
    expect([root.named.which, inner.which, inner.x]).toEqual(['inner', 'y', 7]);
    inner.z = 9;
    expect([inner.which, root.named.inner.z]).toEqual(['z', 9]);
    expect(root.which).toBe('nothing');
    const groups = new MessageBuilder().initRoot(k.Groups);
    groups.position.x = 1.5;
    groups.position.detail.depth = 3;
    groups.position.label = 'here';
    expect([groups.position.x, groups.asReader().position.detail.depth]).toEqual([1.5, 3]);
    groups.initPosition();
    expect([groups.position.x, groups.position.hasLabel(), groups.position.detail.depth]).toEqual([
      0,
      false,
      0,
    ]);
  });

  it('have types', () => {
    expectTypeOf<WhichOf<typeof k.Awkward>>().toEqualTypeOf<'new' | 'value' | 'setNew'>();
    expectTypeOf<WhichOf<typeof k.Node>>().toEqualTypeOf<never>();
    expectTypeOf<ReaderOf<typeof k.Node>>().toEqualTypeOf<k.NodeReader>();
    expectTypeOf<BuilderOf<typeof k.Node>>().toEqualTypeOf<k.Node.Builder>();
    const nested: k.Awkward.Reader_.Builder = new MessageBuilder().initRoot(k.Awkward.Reader_);
    nested.name = 'n';
  });
});

describe('memory', () => {
  it('grows as MallocMessageBuilder does', () => {
    const message = new MessageBuilder(new HeapAllocator());
    const datas = message.initRoot(k.Lists).initDatas(10);
    for (let i = 0; i < 10; i++) datas.init(i, 5000);
    const capacities = [8192, 8192, 16384, 32768];
    expect(message.segmentCount).toBe(4);
    capacities.forEach((capacity, i) => {
      expect(message.usedBytes(i)).toBeLessThanOrEqual(capacity);
    });
  });

  it('fixed segments, and a larger one for a larger object', () => {
    const message = new MessageBuilder(new FixedHeapAllocator(65534));
    const node = message.initRoot(k.Node);
    node.payload = new Uint8Array(70_000);
    expect(message.segmentCount).toBe(2);
    expect(message.usedBytes(1)).toBe(70_000 + 8);
    const another = new MessageBuilder(new FixedHeapAllocator(65534));
    another.initRoot(k.Node).payload = new Uint8Array(65528 - 6 * 8);
    expect([another.segmentCount, another.usedBytes(0)]).toEqual([1, 65528]);
  });

  it('a refusing allocator leaves the message whole', () => {
    let grants = 1;
    const message = new MessageBuilder({
      allocate: (bytes) => {
        if (grants-- <= 0) throw new Error('no more');
        return { bytes: new ArrayBuffer(Math.max(bytes, 120)), zeroed: true };
      },
    });
    const root = message.initRoot(k.Unions);
    root.text = 'short';
    const before = message.segments()[0]!.slice();
    for (const action of [
      () => (root.text = 'x'.repeat(200)),
      () => (root.data = new Uint8Array(200)),
      () => root.initNumbers(200),
      () => root.initData(200),
    ]) {
      expect(thrown(action)).toEqual(new Error('no more'));
    }
    expect(message.segments()[0]).toEqual(before);
    expect([root.which, root.text]).toEqual(['text', 'short']);
  });

  it('an allocator that returns too little is found out', () => {
    const message = new MessageBuilder({ allocate: () => ({ bytes: new Uint8Array(7), zeroed: true }) });
    expect(thrown(() => message.initRoot(k.Node))).toEqual(code('BAD_ALLOCATOR'));
  });

  it('setting data to its own view keeps it', () => {
    const root = new MessageBuilder().initRoot(k.Node);
    root.payload = Uint8Array.of(1, 2, 3);
    const old = root.payload;
    root.payload = old;
    expect([...root.payload]).toEqual([1, 2, 3]);
    expect([...old]).toEqual([0, 0, 0]);
  });

  it('counts and sizes are checked', () => {
    const root = new MessageBuilder().initRoot(k.Lists);
    for (const bad of [-1, 1.5, Number.NaN, 2 ** 60]) {
      expect(thrown(() => root.initInt8s(bad))).toBeInstanceOf(RangeError);
    }
    expect(thrown(() => root.initInt8s(2 ** 29))).toEqual(code('TOO_BIG'));
    expect(thrown(() => root.initStructs(2 ** 28))).toEqual(code('TOO_BIG'));
    const message = new MessageBuilder();
    expect(thrown(() => message.initRoot(k.Node).initPayload(2 ** 29))).toEqual(code('TOO_BIG'));
    expect(root.initVoids(2 ** 29 - 1).length).toBe(2 ** 29 - 1);
  });

  it('a segment in the middle of larger memory', () => {
    const all = new Uint8Array(4096).fill(0xee);
    const message = new MessageBuilder({
      allocate: () => ({ bytes: all.subarray(1024, 3072), zeroed: false }),
    });
    message.initRoot(k.Node).name = 'in the middle';
    expect(all.subarray(0, 1024).every((byte) => byte === 0xee)).toBe(true);
    expect(all.subarray(1024 + message.totalBytes).every((byte) => byte === 0xee)).toBe(true);
    expect(new MessageReader([all.subarray(1024, 3072)]).getRoot(k.Node).name).toBe('in the middle');
  });
});

describe('text', () => {
  it.each([
    '',
    'a',
    'exactly8',
    'é',
    '日本語',
    '👩‍👩‍👧',
    'x'.repeat(31),
    'y'.repeat(32),
    'z'.repeat(33),
    'é'.repeat(40),
    'a\0b',
  ])('%j', (text) => {
    const message = new MessageBuilder();
    const root = message.initRoot(k.Node);
    root.name = text;
    expect(root.name).toBe(text);
    const reader = message.asReader().getRoot(k.Node);
    expect(reader.name).toBe(text);
    expect(Buffer.from(reader.nameBytes).toString()).toBe(text);
  });

  it('lone surrogates and malformed UTF-8 become U+FFFD', () => {
    const message = new MessageBuilder();
    const root = message.initRoot(k.Node);
    root.name = '\ud800x';
    expect(root.name).toBe('\ufffdx');
    root.name = 'abc';
    const bytes = message.asReader().getRoot(k.Node).nameBytes;
    bytes[1] = 0xff; // a view: this changes the message
    expect(root.name).toBe('a\ufffdc');
    expect(
      thrown(() => {
        root.name = 5 as never;
      }),
    ).toBeInstanceOf(TypeError);
  });
});

describe('names', () => {
  it('that clash get an underscore', () => {
    const message = new MessageBuilder();
    const root = message.initRoot(k.Awkward);
    root.class = 'c';
    root.constructor_ = 1;
    root.toString_ = 't';
    root.which_ = 2;
    root.length = 3;
    root.lengthNumber = 'field';
    root.hasClass = true;
    root.initNode = Uint8Array.of(1);
    root.initNode_().value = 4;
    root.asReader_ = true;
    root.setNew_();
    expect(root.which).toBe('new');
    root.setSetNew();
    const seen = root.asReader();
    expect(seen.which).toBe('setNew');
    expect([seen.class, seen.constructor_, seen.toString_, seen.which_, seen.length]).toEqual([
      'c',
      1,
      't',
      2,
      3n,
    ]);
    expect([seen.lengthNumber, seen.lengthNumber_, seen.hasClass, seen.hasClass_()]).toEqual([
      'field',
      3,
      true,
      true,
    ]);
    expect([[...seen.initNode], seen.node.value, seen.asReader_]).toEqual([[1], 4, true]);
    expect(k.AwkwardReader_.name).toBe('AwkwardReader');
    expect(k.Uint8Array_.Reader).toBe(k.Uint8Array_Reader);
  });

  it('errors are recognised across copies of the package', () => {
    expect(CapnpError.is(thrown(() => new MessageReader([]).getRoot(k.Node)))).toBe(true);
    expect(CapnpError.is(new Error('no'))).toBe(false);
  });
});
