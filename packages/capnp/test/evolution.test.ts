// Messages of an older schema read with a newer one, and the other way round.

import { frameMessage, MessageBuilder, MessageReader } from '@flow-ipc/capnp';
import { describe, expect, it } from 'vitest';
import { New, Old } from './generated/evolution.capnp.js';
import { messagesToJson } from './support/oracle.js';

function old(): MessageBuilder {
  const message = new MessageBuilder();
  const root = message.initRoot(Old);
  root.number = 5;
  root.text = 'five';
  const items = root.initItems(2);
  items.at(0).id = 10;
  items.at(1).id = 20;
  const numbers = root.initNumbers(3);
  numbers.setAll([1, 2, 4_000_000_000]);
  const texts = root.initTexts(2);
  texts.set(0, 'hello');
  root.initChild().id = 30;
  root.initBytes(3).setAll([7, 8, 9]);
  root.initDatas(1).set(0, Uint8Array.of(1, 2));
  return message;
}

function fresh(): MessageBuilder {
  const message = new MessageBuilder();
  const root = message.initRoot(New);
  root.number = 5;
  root.text = 'five';
  const items = root.initItems(2);
  for (const [i, item] of items.toArray().entries()) {
    item.id = (i + 1) * 10;
    item.name = `item ${i}`;
    item.weight = i;
    item.initTags(1).set(0, 'tag');
  }
  const numbers = root.initNumbers(3);
  [1, 2, 4_000_000_000].forEach((value, i) => {
    numbers.at(i).value = value;
    numbers.at(i).extra = 1000 + i;
    numbers.at(i).note = 'note';
  });
  const texts = root.initTexts(2);
  texts.at(0).value = 'hello';
  texts.at(0).language = 'fr';
  root.initChild().id = 30;
  const bytes = root.initBytes(3);
  [7, 8, 9].forEach((value, i) => {
    bytes.at(i).value = value;
  });
  root.initDatas(1).at(0).value = Uint8Array.of(1, 2);
  root.added = 123;
  root.addedText = 'added';
  root.initAddedChild().id = 99;
  return message;
}

describe('an old message read with the new schema', () => {
  const root = new MessageReader(old().segments()).getRoot(New);

  it('has its own fields', () => {
    expect([root.number, root.text, root.child.id]).toEqual([5, 'five', 30]);
  });

  it('has defaults where the message is too short', () => {
    expect(root.added).toBe(77n);
    expect(root.addedNumber).toBe(77);
    expect(root.addedText).toBe('fresh');
    expect(root.hasAddedText()).toBe(false);
    expect(root.addedChild.weight).toBe(2.5);
    expect([root.child.name, root.child.weight, root.child.tags.length]).toEqual(['none', 2.5, 0]);
  });

  it('upgrades lists of structs, numbers, bytes and pointers, element by element', () => {
    expect(root.items.toArray().map(({ id, name, weight }) => [id, name, weight])).toEqual([
      [10, 'none', 2.5],
      [20, 'none', 2.5],
    ]);
    expect(root.numbers.toArray().map(({ value, extra, note }) => [value, extra, note])).toEqual([
      [1, 9n, ''],
      [2, 9n, ''],
      [4_000_000_000, 9n, ''],
    ]);
    expect(root.bytes.toArray().map(({ value, scale }) => [value, scale])).toEqual([
      [7, 5],
      [8, 5],
      [9, 5],
    ]);
    expect(root.texts.toArray().map(({ value, language, weight }) => [value, language, weight])).toEqual([
      ['hello', 'en', 3],
      ['', 'en', 3],
    ]);
    expect(root.datas.at(0).value).toEqual(Uint8Array.of(1, 2));
    expect(root.datas.at(0).kind).toBe(0);
  });

  it('reads as C++ reads it', () => {
    const [json] = messagesToJson('New', frameMessage(old().segments()), 'evolution.capnp') as [
      { numbers: unknown; bytes: unknown; texts: unknown; added: unknown },
    ];
    expect(json.numbers).toEqual([1, 2, 4_000_000_000].map((value) => ({ value, extra: '9' })));
    expect(json.bytes).toEqual([7, 8, 9].map((value) => ({ value, scale: 5 })));
    expect(json.added).toBe('77');
  });
});

describe('a new message read with the old schema', () => {
  const root = new MessageReader(fresh().segments()).getRoot(Old);

  it('reads the fields it knows', () => {
    expect([root.number, root.text, root.child.id]).toEqual([5, 'five', 30]);
    expect(root.items.toArray().map(({ id }) => id)).toEqual([10, 20]);
  });

  it('reads lists of structs as lists of their first field', () => {
    expect(root.numbers.toArray()).toEqual([1, 2, 4_000_000_000]);
    expect(root.numbers.toTypedArray()).toEqual(Uint32Array.of(1, 2, 4_000_000_000)); // a copy: not packed
    expect(root.bytes.toArray()).toEqual([7, 8, 9]);
    expect(root.texts.toArray()).toEqual(['hello', '']);
    expect(root.datas.at(0)).toEqual(Uint8Array.of(1, 2));
  });

  it('reads as C++ reads it', () => {
    const [json] = messagesToJson('Old', frameMessage(fresh().segments()), 'evolution.capnp') as [object];
    expect(json).toMatchObject({ numbers: [1, 2, 4_000_000_000], bytes: [7, 8, 9], texts: ['hello', ''] });
  });
});
