// Objects taken out of a message and put back somewhere else.

import {
  AnyPointerList,
  Data,
  frameMessage,
  Int32List,
  MessageBuilder,
  MessageReader,
  structList,
  Text,
} from '@flow-ipc/capnp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { New, Old, OldItem } from './generated/evolution.capnp.js';
import { Anything } from './generated/generics.capnp.js';
import { Node, Unions } from './generated/kitchen-sink.capnp.js';
import { HostileAllocator } from './support/allocators.js';
import { arbitrary, normal, type Plain, read, write } from './support/model.js';
import { messagesToJson } from './support/oracle.js';
import { node } from './support/sink-models.js';

const CODES = {
  used: expect.objectContaining({ code: 'ERR_FLOW_IPC_CAPNP_ORPHAN_USED' }),
  foreign: expect.objectContaining({ code: 'ERR_FLOW_IPC_CAPNP_ORPHAN_FOREIGN' }),
};

describe.each([
  ['one segment', [8192]],
  ['small segments', [64, 24, 128]],
  ['each object in its own segment', [0]],
] as const)('%s', (_, sizes) => {
  const create = () => new MessageBuilder(new HostileAllocator(...sizes));

  it('moves structs, lists, Text and Data', () => {
    const message = create();
    const root = message.initRoot(Node);
    root.name = 'root';
    root.payload = Uint8Array.of(1, 2, 3);
    const children = root.initChildren(2);
    children.at(0).name = 'a';
    children.at(1).name = 'b';
    root.initLeft().value = 7;
    const left = root.left;

    left.adoptName(root.disownName());
    left.adoptPayload(root.disownPayload());
    left.adoptChildren(root.disownChildren());
    expect([root.hasName(), root.hasPayload(), root.hasChildren()]).toEqual([false, false, false]);
    root.adoptLeft(root.disownLeft());
    expect(messagesToJson('Node', frameMessage(message.segments()))).toEqual([
      {
        value: 0,
        left: {
          name: 'root',
          value: 7,
          payload: [1, 2, 3],
          children: [
            { name: 'a', value: 0 },
            { name: 'b', value: 0 },
          ],
        },
      },
    ]);
  });

  it('makes objects beside the message', () => {
    const message = create();
    const root = message.initRoot(Node);
    const child = message.newOrphan(Node);
    child.get().name = 'made';
    child.get().adoptPayload(message.newOrphan(Data, 5));
    const list = message.newOrphan(structList(Node), 3);
    list.get().at(2).value = 9;
    root.adoptLeft(child);
    root.adoptChildren(list);
    root.adoptName(message.newOrphan(Text, 'name'));
    const seen = new MessageReader(message.segments()).getRoot(Node);
    expect([seen.name, seen.left.name, seen.left.payload.length, seen.children.at(2).value]).toEqual([
      'name',
      'made',
      5,
      9,
    ]);
    const numbers = message.newOrphan(Int32List, 2);
    numbers.get().setAll([1, -1]);
    expect(numbers.get().toArray()).toEqual([1, -1]);
    expect(() => message.newOrphan(Int32List, -1)).toThrow(RangeError);
  });

  it('trees taken apart and put together at random are what they should be', () => {
    const step = fc.tuple(
      fc.nat({ max: 5 }),
      fc.nat({ max: 5 }),
      fc.constantFrom('swap', 'move', 'drop', 'set'),
    );
    const initial = fc.array(arbitrary(node, 2) as fc.Arbitrary<Plain>, { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(initial, fc.array(step, { maxLength: 20 }), (values, steps) => {
        const allocator = new HostileAllocator(...sizes);
        const message = new MessageBuilder(allocator);
        const pool = message.initRoot(Node).initChildren(6);
        const mirror: (Plain | undefined)[] = [...values];
        values.forEach((value, i) => {
          write(pool.at(i).initLeft(), node, value);
        });
        for (const [i, j, action] of steps) {
          if (action === 'swap') {
            const [a, b] = [pool.at(i).disownLeft(), i === j ? undefined : pool.at(j).disownLeft()];
            if (b === undefined) pool.at(i).adoptLeft(a);
            else {
              pool.at(i).adoptLeft(b);
              pool.at(j).adoptLeft(a);
              [mirror[i], mirror[j]] = [mirror[j], mirror[i]];
            }
          } else if (action === 'move' && i !== j) {
            pool.at(j).adoptLeft(pool.at(i).disownLeft());
            mirror[j] = mirror[i];
            mirror[i] = undefined;
          } else if (action === 'drop') {
            pool.at(i).disownLeft().discard();
            mirror[i] = undefined;
          } else if (action === 'set' && i !== j && pool.at(j).hasLeft()) {
            pool.at(i).setLeft(pool.at(j).left.asReader());
            mirror[i] = mirror[j];
          }
        }
        const reader = new MessageReader(message.segments()).getRoot(Node);
        mirror.forEach((value, i) => {
          expect(reader.children.at(i).hasLeft()).toBe(value !== undefined);
          if (value !== undefined) expect(read(reader.children.at(i).left, node)).toEqual(normal(value));
        });
        expect(allocator.intact((i) => message.usedBytes(i))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('orphans of an older schema grow when they are opened', () => {
    const message = create();
    const root = message.initRoot(Old);
    root.initChild().id = 3;
    root.initNumbers(2).setAll([5, 6]);
    const any = message.rootPointer();
    const whole = any.disown();
    const fresh = whole.as(New);
    fresh.child.name = 'grown';
    fresh.numbers.at(1).note = 'six';
    any.adopt(whole);
    const seen = new MessageReader(message.segments()).getRoot(New);
    expect([seen.child.id, seen.child.name, seen.numbers.at(1).value, seen.numbers.at(1).note]).toEqual([
      3,
      'grown',
      6,
      'six',
    ]);
    const item = message.newOrphan(OldItem);
    item.get().id = 8;
    const numbers = seen.numbers.length;
    expect([item.get().id, numbers]).toEqual([8, 2]);
  });
});

describe('misuse', () => {
  it('an orphan is adopted once, and in its own message', () => {
    const message = new MessageBuilder();
    const root = message.initRoot(Node);
    root.initLeft().name = 'x';
    const orphan = root.disownLeft();
    expect(() => new MessageBuilder().initRoot(Node).adoptLeft(orphan)).toThrow(CODES.foreign);
    expect(orphan.isUsed).toBe(false);
    root.adoptLeft(orphan);
    expect(() => root.adoptLeft(orphan)).toThrow(CODES.used);
    expect(() => orphan.get()).toThrow(CODES.used);
    expect(root.left.name).toBe('x');
    orphan.discard();
    expect(root.left.name).toBe('x');
    expect(() => root.adoptLeft({} as never)).toThrow(TypeError);
  });

  it('of a union only the set member can be disowned, and adopting sets a member', () => {
    const message = new MessageBuilder();
    const root = message.initRoot(Unions);
    root.text = 'hello';
    expect(() => root.disownNode()).toThrow(/union member/);
    const orphan = root.disownText();
    expect(root.which).toBe('text');
    root.number = 5;
    root.adoptText(orphan);
    expect([root.which, root.text]).toEqual(['text', 'hello']);
  });

  it('null pointers give null orphans', () => {
    const message = new MessageBuilder();
    const root = message.initRoot(Node);
    const orphan = root.disownLeft();
    expect(orphan.isNull).toBe(true);
    root.initLeft();
    root.adoptLeft(orphan);
    expect(root.hasLeft()).toBe(false);
    const made = root.disownLeft();
    made.get().name = 'made when asked for';
    root.adoptLeft(made);
    expect(root.left.name).toBe('made when asked for');
    expect(root.disownName().get()).toBe('');
    expect(root.disownChildren().get().length).toBe(0);
  });

  it('what is discarded, or replaced by an adoption, is zeroed', () => {
    const message = new MessageBuilder(new HostileAllocator(40));
    const root = message.initRoot(Node);
    const secrets = (): number =>
      Buffer.concat(message.segments()).toString('latin1').split('SECRET').length - 1;
    root.initChildren(1).at(0).name = 'SECRET';
    {
      using orphan = root.disownChildren();
      expect([orphan.get().length, secrets()]).toEqual([1, 1]);
    }
    expect(secrets()).toBe(0);
    root.name = 'SECRET';
    root.adoptName(message.newOrphan(Text, 'known'));
    expect([root.name, secrets()]).toEqual(['known', 0]);
  });

  it('AnyPointer orphans say what they are opened as', () => {
    const message = new MessageBuilder();
    const root = message.initRoot(Anything);
    root.pointer.init(Text, 'anything');
    const orphan = root.disownPointer();
    expect(() => orphan.get()).toThrow(TypeError);
    expect(orphan.as(Text)).toBe('anything');
    expect(() => orphan.as(Node)).toThrow(/expected a struct/);
    const list = root.initSome().init(AnyPointerList, 2);
    list.adopt(1, orphan);
    expect(root.some.as(AnyPointerList).at(1).as(Text)).toBe('anything');
    expect(list.disown(1).as(Text)).toBe('anything');
    expect(list.has(1)).toBe(false);
  });

  it('a refused landing pad leaves everything as it was', () => {
    let refuse = false;
    const message = new MessageBuilder({
      allocate: (minBytes) => {
        if (refuse) throw new Error('no memory');
        return { bytes: new Uint8Array(minBytes), zeroed: true };
      },
    });
    const root = message.initRoot(Node);
    root.name = 'kept';
    const orphan = message.newOrphan(Text, 'other');
    refuse = true;
    expect(() => root.adoptName(orphan)).toThrow('no memory');
    expect([root.name, orphan.isUsed, orphan.get()]).toEqual(['kept', false, 'other']);
    refuse = false;
    root.adoptName(orphan);
    expect(root.name).toBe('other');
  });
});
