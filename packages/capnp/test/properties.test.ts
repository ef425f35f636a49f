// Properties that hold for all values and all segmentations.

import { MessageBuilder, MessageReader } from '@flow-ipc/capnp';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Everything, Node } from './generated/kitchen-sink.capnp.js';
import { HostileAllocator } from './support/allocators.js';
import { arbitrary, normal, type Plain, read, write } from './support/model.js';
import { everything, node, unions } from './support/sink-models.js';

vi.setConfig({ testTimeout: 120_000 });

/** Segment sizes in turn; 0 is exactly what is asked for. */
const sizes = fc.array(fc.constantFrom(0, 8, 16, 24, 40, 64, 128, 512, 8192), { minLength: 1, maxLength: 5 });

function keyOrder<T extends Plain>(value: T, seed: number): T {
  const keys = Object.keys(value);
  // A cheap shuffle: any order will do.
  keys.sort((a, b) => ((hash(a) ^ seed) >>> 0) - ((hash(b) ^ seed) >>> 0));
  return Object.fromEntries(keys.map((key) => [key, value[key]])) as T;
}
function hash(text: string): number {
  let h = 7;
  for (const c of text) h = (h * 31 + c.charCodeAt(0)) | 0;
  return h * 2654435761;
}

describe('round trips', () => {
  it('what was written is read, in any order of setting, in any segments, from dirty memory', () => {
    fc.assert(
      fc.property(arbitrary(everything), sizes, fc.integer(), (value, segmentSizes, seed) => {
        const plain = keyOrder(value as Plain, seed);
        const allocator = new HostileAllocator(...segmentSizes);
        const message = new MessageBuilder(allocator);
        const root = message.initRoot(Everything);
        write(root, everything, plain);
        expect(allocator.intact((i) => message.usedBytes(i))).toBe(true);
        expect(read(root, everything)).toEqual(normal(plain));
        expect(read(root.asReader(), everything)).toEqual(normal(plain));

        const copies = message.segments().map((segment) => segment.slice());
        const before = copies.map((copy) => copy.slice());
        const reader = new MessageReader(copies).getRoot(Everything);
        expect(read(reader, everything)).toEqual(normal(plain));
        expect(copies).toEqual(before);
        const total = before.reduce((sum, { length }) => sum + length, 0);
        expect(message.totalBytes).toBe(total);
      }),
      { numRuns: 300 },
    );
  });

  it('has no object outside its segments and no padding that is not zero', () => {
    // Same value, twice, over different rubbish: equal bytes mean that every byte was written.
    fc.assert(
      fc.property(arbitrary(everything), sizes, (value, segmentSizes) => {
        const images = [0x00, 0xff].map((rubbish) => {
          let turn = 0;
          const message = new MessageBuilder({
            allocate: (minBytes) => {
              const size = Math.max(minBytes, segmentSizes[turn++ % segmentSizes.length]!);
              return { bytes: new Uint8Array(size).fill(rubbish), zeroed: rubbish === 0 };
            },
          });
          write(message.initRoot(Everything), everything, value as Plain);
          return message.segments();
        });
        expect(images[0]).toEqual(images[1]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('rewriting', () => {
  // A pool of nodes whose fields are set again and again, in any order, while a plain copy is kept.
  const COUNT = 6;
  const step = fc.record({
    target: fc.nat({ max: COUNT - 1 }),
    action: fc.oneof(
      fc.record({ op: fc.constant('name' as const), value: fc.string({ maxLength: 40 }) }),
      fc.record({ op: fc.constant('payload' as const), value: fc.uint8Array({ maxLength: 60 }) }),
      fc.record({ op: fc.constant('initPayload' as const), value: fc.nat({ max: 40 }) }),
      fc.record({ op: fc.constant('left' as const), value: arbitrary(node, 2) as fc.Arbitrary<Plain> }),
      fc.record({
        op: fc.constant('children' as const),
        value: fc.array(arbitrary(node, 2) as fc.Arbitrary<Plain>, { maxLength: 3 }),
      }),
      fc.record({ op: fc.constant('value' as const), value: fc.nat() }),
    ),
  });

  it('of pointer fields never disturbs neighbours', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), sizes, (steps, segmentSizes) => {
        const allocator = new HostileAllocator(...segmentSizes);
        const message = new MessageBuilder(allocator);
        const pool = message.initRoot(Node).initChildren(COUNT);
        const mirror: Plain[] = Array.from({ length: COUNT }, () => ({ value: 0 }));
        for (const { target, action } of steps) {
          const builder = pool.at(target);
          const plain = mirror[target]!;
          switch (action.op) {
            case 'name':
              builder.name = action.value;
              plain.name = action.value;
              break;
            case 'value':
              builder.value = action.value;
              plain.value = action.value;
              break;
            case 'payload':
              builder.payload = action.value;
              plain.payload = action.value;
              break;
            case 'initPayload':
              builder.initPayload(action.value);
              plain.payload = new Uint8Array(action.value);
              break;
            case 'left':
              write(builder.initLeft(), node, action.value);
              plain.left = action.value;
              break;
            case 'children': {
              const children = builder.initChildren(action.value.length);
              action.value.forEach((child, i) => {
                write(children.at(i), node, child);
              });
              plain.children = action.value;
              break;
            }
          }
        }
        expect(pool.toArray().map((builder) => read(builder, node))).toEqual(mirror.map(normal));
        expect(allocator.intact((i) => message.usedBytes(i))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('of union members never disturbs neighbours', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 3 }), arbitrary(unions, 2)), { minLength: 1, maxLength: 20 }),
        sizes,
        (steps, segmentSizes) => {
          const message = new MessageBuilder(new HostileAllocator(...segmentSizes));
          const pool = message.initRoot(Everything).initUnions(4);
          const mirror: (Plain | undefined)[] = [];
          for (const [target, value] of steps) {
            const builder = pool.at(target);
            write(builder, unions, value as Plain);
            // Fields that the new value leaves alone keep what they had.
            const kept = mirror[target]?.after;
            mirror[target] = { ...(kept === undefined ? {} : { after: kept }), ...defined(value as Plain) };
          }
          mirror.forEach((plain, i) => {
            if (plain !== undefined) expect(read(pool.at(i), unions)).toEqual(normal(plain));
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  function defined(value: Plain): Plain {
    return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
  }

  it.each([
    ['a list', (root: Node.Builder): unknown => root.initChildren(0)],
    ['a text', (root: Node.Builder): unknown => (root.name = '')],
    ['data', (root: Node.Builder): unknown => (root.payload = new Uint8Array(0))],
    ['initialised data', (root: Node.Builder): unknown => root.initPayload(0)],
  ] as const)('wipes %s', (_, again) => {
    const message = new MessageBuilder(new HostileAllocator(64));
    const root = message.initRoot(Node);
    root.name = 'SECRET';
    root.payload = Buffer.from('SECRET');
    root.initChildren(2).at(1).initChildren(1).at(0).name = 'SECRET';
    const secrets = (): number =>
      Buffer.concat(message.segments()).toString('latin1').split('SECRET').length - 1;
    expect(secrets()).toBe(3);
    again(root);
    expect(secrets()).toBe(2);
  });

  it('wipes what is abandoned', () => {
    fc.assert(
      fc.property(arbitrary(node, 3), sizes, (value, segmentSizes) => {
        const message = new MessageBuilder(new HostileAllocator(...segmentSizes));
        const root = message.initRoot(Node);
        write(root.initLeft(), node, value as Plain);
        root.initLeft();
        const nonZero = message
          .segments()
          .flatMap((segment) => [...segment])
          .filter((byte) => byte !== 0);
        // Left are: the root pointer, the pointer to the new empty struct, and landing pads of at most two.
        expect(nonZero.length).toBeLessThanOrEqual(4 * 8);
      }),
      { numRuns: 300 },
    );
  });
});
