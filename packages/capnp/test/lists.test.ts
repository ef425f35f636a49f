// Lists: access, iteration, typed arrays.

import { MessageBuilder, MessageReader } from '@flow-ipc/capnp';
import { describe, expect, it } from 'vitest';
import { Color, Lists } from './generated/kitchen-sink.capnp.js';

function sample(): MessageBuilder {
  const message = new MessageBuilder();
  const root = message.initRoot(Lists);
  root.initUint16s(3).setAll([1, 2, 65535]);
  root.initFloat64s(2).setAll([0.5, -1]);
  root.initInt64s(2).setAll([-1n, 5]);
  root.initUint8s(5).setAll([1, 2, 3, 4, 5]);
  root.initBools(11).set(9, true);
  root.initColors(2).set(1, Color.blue);
  const texts = root.initTexts(3);
  texts.set(0, 'a');
  texts.set(2, 'c');
  return message;
}

describe('lists', () => {
  const root = sample().asReader().getRoot(Lists);

  it('at, length, iteration, toArray', () => {
    expect(root.uint16s.length).toBe(3);
    expect([...root.uint16s]).toEqual([1, 2, 65535]);
    expect(root.uint16s.toArray()).toEqual([1, 2, 65535]);
    expect([root.int64s.at(0), root.int64s.numberAt(0)]).toEqual([-1n, -1]);
    expect(root.bools.toArray().indexOf(true)).toBe(9);
    expect(root.colors.toArray()).toEqual([Color.red, Color.blue]);
    expect(root.texts.toArray()).toEqual(['a', '', 'c']);
    expect([root.texts.has(0), root.texts.has(1)]).toEqual([true, false]);
    expect([...root.texts.bytesAt(2)]).toEqual([99]);
    expect([...root.int8s]).toEqual([]);
  });

  it.each([-1, 3, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32])('index %s is a RangeError', (i) => {
    expect(() => root.uint16s.at(i)).toThrow(RangeError);
    expect(() => root.texts.at(i)).toThrow(RangeError);
    expect(() => root.bools.at(i === 3 ? 11 : i)).toThrow(RangeError);
    const builder = sample().getRoot(Lists);
    expect(() => builder.uint16s.set(i, 1)).toThrow(RangeError);
    expect(() => builder.texts.set(i, 'x')).toThrow(RangeError);
  });

  it('typed arrays are views when aligned, copies otherwise', () => {
    const [bytes] = sample().segments();
    const aligned = new Uint8Array(bytes!.length + 8);
    aligned.set(bytes!, 8);
    const shifted = new Uint8Array(bytes!.length + 1);
    shifted.set(bytes!, 1);
    for (const [memory, isView] of [
      [aligned.subarray(8), true],
      [shifted.subarray(1), false],
    ] as const) {
      const lists = new MessageReader([memory]).getRoot(Lists);
      expect(lists.uint16s.toTypedArray()).toEqual(Uint16Array.of(1, 2, 65535));
      expect(lists.float64s.toTypedArray()).toEqual(Float64Array.of(0.5, -1));
      expect(lists.int64s.toTypedArray()).toEqual(BigInt64Array.of(-1n, 5n));
      expect(lists.float64s.toTypedArray().buffer === memory.buffer).toBe(isView);
      expect(lists.uint8s.toTypedArray().buffer).toBe(memory.buffer); // bytes are always aligned
    }
  });

  it("a builder's typed array writes through", () => {
    const message = sample();
    const floats = message.getRoot(Lists).initFloat64s(1000);
    floats.toTypedArray().fill(1.25);
    expect(message.asReader().getRoot(Lists).float64s.at(999)).toBe(1.25);
    expect(() => floats.setAll([1])).toThrow(RangeError);
    expect(() => message.getRoot(Lists).uint8s.setAll([1, 2, 3, 4, 256])).toThrow(RangeError);
  });

  it('lists of lists', () => {
    const message = new MessageBuilder();
    const deep = message.initRoot(Lists).initDeep(2);
    deep.init(0, 2).init(1, 1).set(0, 'x');
    expect(deep.at(1).length).toBe(0);
    expect([deep.has(0), deep.has(1)]).toEqual([true, false]);
    const seen = message.asReader().getRoot(Lists).deep;
    expect(seen.toArray().map((a) => a.toArray().map((b) => b.toArray()))).toEqual([[[], ['x']], []]);
  });
});
