// Plain objects, JSON and text, with the C++ tool as the authority on the last two.

import {
  CapnpError,
  frameMessage,
  fromJson,
  fromObject,
  MessageBuilder,
  MessageReader,
  readFramed,
  toJson,
  toObject,
  toText,
} from '@flow-ipc/capnp';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { Color, Everything, Node, Scalars, Unions } from './generated/kitchen-sink.capnp.js';
import { arbitrary, type Plain, write } from './support/model.js';
import { capnp, messagesToJson, tamed } from './support/oracle.js';
import { everything } from './support/sink-models.js';

vi.setConfig({ testTimeout: 60_000 });

const RUNS = 300;

function samples(change = (value: Plain): Plain => value): MessageBuilder[] {
  const values = fc.sample(arbitrary(everything), { numRuns: RUNS, seed: 42 }) as Plain[];
  return values.map((value) => {
    const message = new MessageBuilder();
    write(message.initRoot(Everything), everything, change(value));
    return message;
  });
}
const rootOf = (message: MessageBuilder) => new MessageReader(message.segments()).getRoot(Everything);
const frames = (messages: readonly MessageBuilder[]): Buffer =>
  Buffer.concat(messages.map((message) => frameMessage(message.segments())));

describe('toObject and fromObject', () => {
  it('are each other’s inverse', () => {
    for (const message of samples()) {
      const object = toObject(rootOf(message));
      const copy = new MessageBuilder();
      fromObject(copy.initRoot(Everything), object);
      expect(toObject(rootOf(copy))).toEqual(object);
      expect(toObject(copy.getRoot(Everything).asReader())).toEqual(object);
    }
  });

  it('are typed', () => {
    const message = new MessageBuilder();
    const root = message.initRoot(Unions);
    fromObject(root, { before: 3, pair: { first: 5, second: 'x' }, named: { b: -1 }, after: 'y' });
    const object = toObject(root.asReader());
    expect(object).toEqual({
      before: 3,
      pair: { first: 5n, second: 'x', third: true },
      named: { b: -1 },
      after: 'y',
    });
    expectTypeOf(object.before).toEqualTypeOf<number>();
    expectTypeOf(object.pair?.first).toEqualTypeOf<bigint | undefined>();
    if (object.text !== undefined) expectTypeOf(object.text).toEqualTypeOf<string>();
    expect(object.text).toBeUndefined();
    // @ts-expect-error: an unknown field does not compile
    expect(() => fromObject(root, { nonsense: 1 })).toThrow(
      new TypeError('in .nonsense: there is no such field'),
    );
  });

  it('do not keep the message’s memory', () => {
    const message = new MessageBuilder();
    message.initRoot(Node).payload = Uint8Array.of(1, 2);
    const object = toObject(message.getRoot(Node).asReader());
    message.getRoot(Node).payload.fill(9);
    expect(object.payload).toEqual(Uint8Array.of(1, 2));
  });

  it('say where a value does not fit, and what', () => {
    const fill = (value: unknown) => () =>
      fromObject(new MessageBuilder().initRoot(Everything), value as never);
    expect(fill({ scalars: { tiny: 200 } })).toThrow(
      new RangeError('in .scalars.tiny: 200 does not fit Int8'),
    );
    expect(fill({ tree: { children: [{}, { name: 5 }] } })).toThrow(
      new TypeError('in .tree.children[1].name: Text needs a string, not number'),
    );
    expect(fill({ lists: { int32s: 7 } })).toThrow(/in .lists.int32s: a list is filled from an array/);
    expect(fill({ scalars: { color: 'pink' } })).toThrow(/no enumerant "pink"/);
    expect(fill({ scalars: { flag: 1 } })).toThrow(/in .scalars.flag: Bool needs a boolean/);
    expect(fill({ any: 'x' })).toThrow(/in .any: anyPointer has no plain form/);
    expect(fill([])).toThrow(TypeError);
    expect(fill({ __proto__: 1, constructor: 2 })).toThrow(TypeError);
  });

  it('take enums by name, typed arrays for lists, and null for null', () => {
    const message = new MessageBuilder();
    const root = message.initRoot(Everything);
    root.initTree().name = 'gone';
    fromObject(root, {
      scalars: { color: 'blue' as never },
      lists: { int32s: Int32Array.of(1, 2) as never, colors: ['red', 2] as never },
      tree: null as never,
    });
    expect(root.scalars.color).toBe(Color.blue);
    expect(root.lists.int32s.toArray()).toEqual([1, 2]);
    expect(root.lists.colors.toArray()).toEqual([Color.red, Color.blue]);
    expect(root.hasTree()).toBe(false);
  });
});

describe('JSON', () => {
  it('is what the C++ codec writes', () => {
    const messages = samples();
    const expected = messagesToJson('Everything', frames(messages));
    expect(expected.length).toBe(RUNS);
    messages.forEach((message, i) => {
      // Through JSON once more: ours has no -0.
      expect(JSON.parse(toJson(rootOf(message)))).toEqual(JSON.parse(JSON.stringify(expected[i])));
    });
  });

  it('is read back', () => {
    for (const message of samples()) {
      const json = toJson(rootOf(message), 2);
      const copy = new MessageBuilder();
      fromJson(copy.initRoot(Everything), json);
      expect(toJson(rootOf(copy), 2)).toBe(json);
    }
  });

  it('that does not fit is a coded error with the place', () => {
    const root = new MessageBuilder().initRoot(Scalars);
    const code = (text: string): unknown => {
      try {
        fromJson(root, text);
      } catch (error) {
        if (CapnpError.is(error)) return [error.code.slice('ERR_FLOW_IPC_CAPNP_'.length), error.message];
        throw error;
      }
      return undefined;
    };
    expect(code('{"large": "12x"}')).toEqual(['BAD_JSON', 'Scalars: in .large: not an integer: 12x']);
    expect(code('{"ularge": "-1"}')).toEqual(['BAD_JSON', 'Scalars: in .ularge: -1 does not fit UInt64']);
    expect(code('{"nope": 1}')).toEqual(['BAD_JSON', 'Scalars: in .nope: there is no such field']);
    expect(code('[1]')).toEqual(['BAD_JSON', 'Scalars: a struct is filled from an object']);
    expect(code('{')).toMatchObject(['BAD_JSON', expect.stringContaining('Scalars: ')]);
    expect(code('{"large": 7, "double": "-Infinity", "single": "NaN"}')).toBeUndefined();
    expect([root.large, root.double, root.single]).toEqual([7n, Number.NEGATIVE_INFINITY, Number.NaN]);
  });
});

describe('text', () => {
  it('is read by the C++ tool as the same message', () => {
    // What the tool does not read from itself stays out.
    const messages = samples((value) => tamed(positive(value) as Plain)).filter(
      (message) => !/-inf|-\d{9}|<opaque/.test(toText(rootOf(message))),
    );
    expect(messages.length).toBeGreaterThan(50);
    const lines = messages.map((message) => toText(rootOf(message))).join('\n');
    const back = capnp(['convert', 'text:binary', 'kitchen-sink.capnp', 'Everything'], lines);
    let rest: Uint8Array = back;
    for (const message of messages) {
      const copy = readFramed(rest);
      const size = frameMessage(copy.segments as Uint8Array[]).length;
      rest = rest.subarray(size);
      expect(toText(copy.getRoot(Everything))).toBe(toText(rootOf(message)));
    }
    expect(rest.length).toBe(0);
  });

  /** Without large negative integers: the tool's text reader is wrong about them. */
  function positive(value: unknown): unknown {
    if (typeof value === 'bigint') return value < 0n ? -1n - value : value;
    if (typeof value === 'number') return value < -1e8 && Number.isInteger(value) ? -1 - value : value;
    if (Array.isArray(value)) return value.map(positive);
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, positive(part)]));
  }

  it('has no limit, unlike a summary', () => {
    const message = new MessageBuilder();
    message.initRoot(Node).payload = new Uint8Array(1000);
    expect(toText(message.getRoot(Node).asReader())).toBe(`(value = 0, payload = 0x"${'00'.repeat(1000)}")`);
  });
});
