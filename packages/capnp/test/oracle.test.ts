// Both directions against the C++ tool: what we build it understands, what it encodes we understand.

import { frameMessage, MessageBuilder, readFramed, unframeSegments } from '@flow-ipc/capnp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as k from './generated/kitchen-sink.capnp.js';
import { HostileAllocator } from './support/allocators.js';
import { arbitrary, normal, type Plain, read, type StructModel, toJson, write } from './support/model.js';
import { capnp, jsonToMessages, messagesToJson, tamed } from './support/oracle.js';
import * as models from './support/sink-models.js';

const RUNS = 150;

function samples(model: StructModel): Plain[] {
  return fc.sample(arbitrary(model), { numRuns: RUNS, seed: 20261121 }) as Plain[];
}

function build(model: StructModel, value: Plain, ...sizes: number[]): MessageBuilder {
  const message =
    sizes.length === 0 ? new MessageBuilder() : new MessageBuilder(new HostileAllocator(...sizes));
  write(message.initRoot(model.type), model, value);
  return message;
}

const MODELS = Object.entries({
  Scalars: models.scalars,
  Defaults: models.defaults,
  Lists: models.lists,
  Node: models.node,
  Unions: models.unions,
  Groups: models.groups,
  Everything: models.everything,
});

describe.each(MODELS)('%s', (name, model) => {
  const values = samples(model);

  it.each([
    ['one segment', []],
    ['segments of 64 bytes', [64]],
    ['each object in its own segment', [0]],
    ['changing sizes', [8, 400, 16, 32, 4096]],
  ] as const)('C++ decodes what we build: %s', (_, sizes) => {
    // The stream reader of C++ refuses messages of 512 segments and more.
    const kept = values
      .map((value) => ({ value, message: build(model, value, ...sizes) }))
      .filter(({ message }) => message.segmentCount < 500);
    const frames = kept.map(({ message }) => frameMessage(message.segments()));
    const decoded = messagesToJson(name, Buffer.concat(frames));
    expect(decoded.length).toBe(kept.length);
    expect(kept.length).toBeGreaterThan(RUNS / 2);
    kept.forEach(({ value }, i) => {
      expect(decoded[i]).toEqual(toJson(value, model));
    });
  });

  it.each([
    ['one segment', []],
    ['segments of 2 words', ['--segment-size=2']],
    ['segments of 20 words', ['--segment-size=20']],
  ] as const)('we decode what C++ builds: %s', (_, options) => {
    const tame = values.map(tamed);
    expectMessages(
      jsonToMessages(
        name,
        tame.map((value) => toJson(value, model)),
        ...options,
      ),
      tame,
    );
    // The wild values, which the tool's JSON reader cannot split, are copied by C++ from binary to binary.
    const frames = values.map((value) => frameMessage(build(model, value).segments()));
    expectMessages(capnp(['convert', ...options, 'binary:binary'], Buffer.concat(frames)), values);
  });

  function expectMessages(bytes: Uint8Array, expected: readonly unknown[]): void {
    let rest = bytes;
    for (const value of expected) {
      const message = readFramed(rest);
      rest = rest.subarray(frameMessage(unframeSegments(rest)).length);
      expect(read(message.getRoot(model.type), model)).toEqual(normal(value));
    }
    expect(rest.length).toBe(0);
  }
});

describe('text and bytes', () => {
  const literal =
    '(scalars = (flag = true, large = -5, single = 1.5, double = inf, color = blue), ' +
    'lists = (voids = [void, void], bools = [true, false], uint64s = [18446744073709551615]), ' +
    'unions = [(before = 1, text = "hi", named = (b = 3))], tree = (name = "x", value = 7))';

  function fill(message: MessageBuilder): void {
    const root = message.initRoot(k.Everything);
    const scalars = root.initScalars();
    scalars.flag = true;
    scalars.large = -5;
    scalars.single = 1.5;
    scalars.double = Number.POSITIVE_INFINITY;
    scalars.color = k.Color.blue;
    const lists = root.initLists();
    lists.initVoids(2);
    lists.initBools(2).set(0, true);
    lists.initUint64s(1).set(0, 2n ** 64n - 1n);
    const union = root.initUnions(1).at(0);
    union.before = 1;
    union.text = 'hi';
    union.named.b = 3;
    const tree = root.initTree();
    tree.name = 'x';
    tree.value = 7;
  }

  it('canonical form of C++ equals that of the literal', () => {
    const message = new MessageBuilder();
    fill(message);
    const ours = frameMessage(message.segments());
    const theirs = capnp(['convert', 'text:canonical', 'kitchen-sink.capnp', 'Everything'], literal);
    expect(capnp(['convert', 'binary:canonical'], ours)).toEqual(theirs);
  });

  it('a flat single segment is accepted and decodes to the same text', () => {
    const message = new MessageBuilder();
    fill(message);
    expect(message.segmentCount).toBe(1);
    const flat = message.segments()[0]!;
    const text = capnp(['convert', '--short', 'flat:text', 'kitchen-sink.capnp', 'Everything'], flat);
    const expected = capnp(['convert', '--short', 'text:text', 'kitchen-sink.capnp', 'Everything'], literal);
    expect(text.toString()).toBe(expected.toString());
  });

  it('lays objects out as C++ does when they are set in the same order', () => {
    // `capnp encode` sets fields in the order of the schema.
    const bytes = capnp(
      ['encode', '--flat', 'kitchen-sink.capnp', 'Node'],
      '(name = "n", value = 3, payload = "xyz")',
    );
    const message = new MessageBuilder();
    const node = message.initRoot(k.Node);
    node.name = 'n';
    node.value = 3;
    node.payload = Buffer.from('xyz');
    expect(Buffer.from(message.segments()[0]!)).toEqual(bytes);
  });
});
