// Builders of a newer schema enlarge what an older one has written, in place.

import { BoolList, frameMessage, MessageBuilder, MessageReader, structList } from '@flow-ipc/capnp';
import { describe, expect, it } from 'vitest';
import { New, NewItem, Old } from './generated/evolution.capnp.js';
import { HostileAllocator } from './support/allocators.js';
import { messagesToJson } from './support/oracle.js';

const SEGMENTS = [
  ['one segment', [8192]],
  ['small segments', [64, 24, 128]],
  ['each object in its own segment', [0]],
] as const;

function old(allocator: HostileAllocator): MessageBuilder {
  const message = new MessageBuilder(allocator);
  const root = message.initRoot(Old);
  root.number = 5;
  root.text = 'five';
  const items = root.initItems(2);
  items.at(0).id = 10;
  items.at(1).id = 20;
  root.initNumbers(3).setAll([1, 2, 4_000_000_000]);
  const texts = root.initTexts(2);
  texts.set(0, 'hello');
  texts.set(1, 'world');
  root.initChild().id = 30;
  root.initBytes(3).setAll([7, 8, 9]);
  root.initDatas(1).set(0, Uint8Array.of(1, 2));
  return message;
}

describe.each(SEGMENTS)('%s', (_, sizes) => {
  it('structs and lists of every kind keep what they had and take new fields', () => {
    const allocator = new HostileAllocator(...sizes);
    const message = old(allocator);
    const root = message.getRoot(New);
    root.added = -9n;
    root.addedText = 'added';
    root.initAddedChild().name = 'grandchild';
    root.child.name = 'child';
    root.items.at(1).name = 'second';
    root.items.at(0).initTags(1).set(0, 'tag');
    root.numbers.at(2).note = 'large';
    root.numbers.at(0).extra = 11;
    root.bytes.at(1).scale = 99;
    root.texts.at(0).language = 'fr';
    root.texts.at(1).weight = 200;
    root.datas.at(0).kind = 77;

    const [json] = messagesToJson('New', frameMessage(message.segments()), 'evolution.capnp');
    expect(json).toEqual({
      number: 5,
      text: 'five',
      items: [
        { id: 10, weight: 2.5, tags: ['tag'] },
        { id: 20, name: 'second', weight: 2.5 },
      ],
      numbers: [
        { value: 1, extra: '11' },
        { value: 2, extra: '9' },
        { value: 4_000_000_000, extra: '9', note: 'large' },
      ],
      texts: [
        { value: 'hello', language: 'fr', weight: 3 },
        { value: 'world', weight: 200 },
      ],
      child: { id: 30, name: 'child', weight: 2.5 },
      bytes: [
        { value: 7, scale: 5 },
        { value: 8, scale: 99 },
        { value: 9, scale: 5 },
      ],
      datas: [{ value: [1, 2], kind: 77 }],
      added: '-9',
      addedText: 'added',
      addedChild: { id: 0, name: 'grandchild', weight: 2.5 },
    });
    // The old schema still reads, and builds, what it knows.
    const again = message.getRoot(Old);
    again.items.at(0).id = 11;
    expect([again.number, again.child.id, again.items.at(0).id]).toEqual([5, 30, 11]);
    expect(again.numbers.toArray()).toEqual([1, 2, 4_000_000_000]);
    expect(again.texts.toArray()).toEqual(['hello', 'world']);
    expect(message.getRoot(New).items.at(0).tags.toArray()).toEqual(['tag']);
    expect(allocator.intact((i) => message.usedBytes(i))).toBe(true);
  });

  it('zeroes what it has left', () => {
    const message = old(new HostileAllocator(...sizes));
    const root = message.getRoot(Old);
    root.initNumbers(1).setAll([0x51525354]);
    const marks = (): number => Buffer.concat(message.segments()).toString('latin1').split('TSRQ').length - 1;
    expect(marks()).toBe(1);
    message.getRoot(New).numbers.at(0).note = 'x';
    expect(marks()).toBe(1);
  });
});

describe('limits of upgrading', () => {
  it('a refused allocation leaves the message as it was', () => {
    for (let allowed = 0; ; allowed++) {
      let calls = 0;
      const message = new MessageBuilder({
        allocate: (minBytes) => {
          if (calls++ > allowed + 8) throw new Error('no memory');
          return { bytes: new Uint8Array(minBytes), zeroed: true };
        },
      });
      let refused = false;
      try {
        const root = message.initRoot(Old);
        root.text = 'five';
        root.initItems(2).at(1).id = 20;
        root.initTexts(1).set(0, 'hello');
        root.initChild().id = 30;
        const fresh = message.getRoot(New);
        fresh.texts.at(0).language = 'de';
        fresh.items.at(0).name = 'x';
      } catch (error) {
        expect((error as Error).message).toBe('no memory');
        refused = true;
      }
      const seen = new MessageReader(message.segments()).getRoot(Old);
      if (!refused) break;
      if (seen.hasChild() && seen.child.id === 30) {
        expect([seen.text, seen.items.at(1).id, seen.texts.toArray()]).toEqual(['five', 20, ['hello']]);
      }
    }
  });

  it('lists of Bool do not become lists of structs', () => {
    const message = new MessageBuilder();
    const any = message.rootPointer();
    any.init(BoolList, 9).set(3, true);
    expect(() => any.as(structList(NewItem))).toThrow(/found bits/);
  });
});
