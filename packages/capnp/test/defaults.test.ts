// Defaults and constants, as the schema says and as C++ evaluates them.

import { frameMessage, MessageBuilder, MessageReader } from '@flow-ipc/capnp';
import { describe, expect, it } from 'vitest';
import * as k from './generated/kitchen-sink.capnp.js';
import { read } from './support/model.js';
import { capnp, messagesToJson } from './support/oracle.js';
import { scalars } from './support/sink-models.js';

/** Every field of Defaults, unset. */
function expectDefaults(seen: k.DefaultsReader | k.DefaultsBuilder): void {
  expect(seen.flag).toBe(true);
  expect([seen.tiny, seen.small, seen.medium, seen.large]).toEqual([
    -123,
    -12345,
    -12345678,
    -1234567890123456n,
  ]);
  expect([seen.utiny, seen.usmall, seen.umedium]).toEqual([234, 45678, 3456789012]);
  expect(seen.ularge).toBe(12345678901234567890n);
  expect(seen.largeNumber).toBe(-1234567890123456);
  expect(() => seen.ulargeNumber).toThrow(RangeError);
  expect([seen.single, seen.double]).toEqual([1234.5, -123e45]);
  expect([seen.infinite, seen.notANumber]).toEqual([Number.POSITIVE_INFINITY, Number.NaN]);
  expect(Object.is(seen.negativeZero, -0)).toBe(true);
  expect([seen.safe, seen.safeNumber]).toEqual([4294967297n, 4294967297]);
  expect([seen.safeSigned, seen.safeSignedNumber]).toEqual([-4294967297n, -4294967297]);
  expect(seen.color).toBe(k.Color.blue);
  expect(seen.text).toBe('héllo "world"');
  expect([...seen.data]).toEqual([0, 1, 0xfe, 0xff]);
  expect(read(seen.scalars, scalars)).toMatchObject({
    flag: true,
    large: -5n,
    color: 1,
    single: 0.5,
    ularge: 0n,
  });
  expect(seen.numbers.toArray()).toEqual([1, -2, 3]);
  expect(seen.texts.toArray()).toEqual(['one', '', 'three']);
  expect(seen.structs.toArray().map(({ tiny, ularge }) => [tiny, ularge])).toEqual([
    [1, 0n],
    [2, 2n ** 64n - 1n],
  ]);
  expect(seen.nested.toArray().map((inner) => inner.toArray())).toEqual([[1, 2], [], [3]]);
  expect(seen.bits.toArray()).toEqual([true, false, true]);
}

describe('defaults', () => {
  it('of a null root, of an empty struct and of a full-sized one', () => {
    expectDefaults(new MessageReader([new Uint8Array(8)]).getRoot(k.Defaults));
    const empty = new MessageBuilder();
    empty.initRoot(k.Empty);
    expectDefaults(new MessageReader(empty.segments()).getRoot(k.Defaults));
    const full = new MessageBuilder();
    full.initRoot(k.Defaults);
    expectDefaults(full.asReader().getRoot(k.Defaults));
  });

  it('reading them from a reader writes nothing, presence is still false', () => {
    const message = new MessageBuilder();
    message.initRoot(k.Defaults);
    const root = message.asReader().getRoot(k.Defaults);
    expectDefaults(root);
    expect([root.hasText(), root.hasData(), root.hasScalars(), root.hasNumbers()]).toEqual(
      Array(4).fill(false),
    );
    root.data.fill(9);
    expectDefaults(root);
    expect(
      message
        .segments()[0]!
        .subarray(8)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  it('a builder copies objects in, to be changed', () => {
    const message = new MessageBuilder();
    const root = message.initRoot(k.Defaults);
    expectDefaults(root);
    expect([root.hasText(), root.hasData(), root.hasScalars(), root.hasNumbers()]).toEqual([
      false,
      true,
      true,
      true,
    ]);
    root.scalars.large = 9;
    root.numbers.set(1, 77);
    root.structs.at(0).tiny = 5;
    const seen = message.asReader().getRoot(k.Defaults);
    expect([seen.scalars.large, seen.scalars.flag, seen.numbers.at(1), seen.structs.at(0).tiny]).toEqual([
      9n,
      true,
      77,
      5,
    ]);
    const untouched = new MessageBuilder();
    expectDefaults(untouched.initRoot(k.Defaults));
  });

  it('are what C++ says', () => {
    const message = new MessageBuilder();
    message.initRoot(k.Defaults);
    const [json] = messagesToJson('Defaults', frameMessage(message.segments()));
    expect(json).toMatchObject({
      ularge: '12345678901234567890',
      infinite: 'Infinity',
      color: 'blue',
      flag: true,
    });
  });

  it('storing a default stores zeros', () => {
    const message = new MessageBuilder();
    const root = message.initRoot(k.Defaults);
    root.flag = true;
    root.tiny = -123;
    root.umedium = 3456789012;
    root.ularge = 12345678901234567890n;
    root.safeSigned = -4294967297;
    root.single = 1234.5;
    root.double = -123e45;
    root.color = k.Color.blue;
    expect(
      message
        .segments()[0]!
        .subarray(8)
        .every((byte) => byte === 0),
    ).toBe(true);
    root.flag = false;
    root.umedium = 1;
    root.large = 5;
    expect([root.flag, root.umedium, root.large, root.utiny]).toEqual([false, 1, 5n, 234]);
  });
});

describe('constants', () => {
  it('of every kind', () => {
    expect([k.answer, k.huge, k.negative, k.yes, k.ratio]).toEqual([
      42,
      2n ** 64n - 1n,
      -(2n ** 63n),
      true,
      0.1,
    ]);
    expect([k.endless, k.greeting, k.favourite, k.shadeOfGrey]).toEqual([-Infinity, 'hello\nworld', 2, 1]);
    expect([...k.blob]).toEqual([0xde, 0xad, 0xbe, 0xef]);
    expect([k.origin.name, k.origin.value, k.origin.children.at(0).name]).toEqual(['origin', 1, 'child']);
    expect(k.primes.toArray()).toEqual([2, 3, 5, 7]);
    expect(k.names.toArray()).toEqual(['a', 'b']);
    expect(k.import_).toBeUndefined();
  });

  it('inside a struct, by both names', () => {
    expect([k.WithConstants.limit, k.WithConstants_limit]).toEqual([100, 100]);
    expect(k.WithConstants.sample.name).toBe('sample');
    expect(k.Awkward.name_).toBe('awkward');
    expect(new MessageReader([new Uint8Array(8)]).getRoot(k.WithConstants).value).toBe(100);
  });

  it('are what C++ evaluates', () => {
    const evaluated = capnp(['eval', '--short', 'kitchen-sink.capnp', 'origin']).toString().trim();
    expect(evaluated).toBe('(name = "origin", value = 1, children = [(name = "child", value = 0)])');
  });
});
