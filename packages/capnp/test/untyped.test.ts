// AnyPointer, AnyStruct, AnyList, and generic structs with their parameters bound.

import {
  AnyPointerList,
  AnyStruct,
  anyStruct,
  CapnpError,
  Data,
  frameMessage,
  Int32List,
  listOf,
  MessageBuilder,
  MessageReader,
  structList,
  Text,
  TextList,
  toObject,
} from '@flow-ipc/capnp';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { Anything, Pair, pair, Tree, Users } from './generated/generics.capnp.js';
import { Node } from './generated/kitchen-sink.capnp.js';
import { HostileAllocator } from './support/allocators.js';
import { capnp } from './support/oracle.js';

const text = (type: string, message: MessageBuilder): string =>
  capnp(['convert', '--short', 'binary:text', 'generics.capnp', type], frameMessage(message.segments()))
    .toString()
    .trim();

describe.each([
  ['one segment', [8192]],
  ['each object in its own segment', [0]],
] as const)('AnyPointer, %s', (_, sizes) => {
  const create = () => new MessageBuilder(new HostileAllocator(...sizes));
  const readerOf = (message: MessageBuilder) => new MessageReader(message.segments());

  it('is read and built as any type', () => {
    const message = create();
    const root = message.initRoot(Anything);
    expect([root.pointer.isNull, root.pointer.kind, root.hasPointer()]).toEqual([true, 'null', false]);

    const node = root.pointer.init(Node);
    node.name = 'inside';
    expect(root.pointer.kind).toBe('struct');
    expect(root.pointer.as(Node).name).toBe('inside');
    expect(readerOf(message).getRoot(Anything).pointer.as(Node).name).toBe('inside');

    root.pointer.init(Int32List, 3).set(2, -5);
    expect(root.pointer.kind).toBe('list');
    expect(readerOf(message).getRoot(Anything).pointer.as(Int32List).toArray()).toEqual([0, 0, -5]);
    expect(() => root.pointer.as(Node)).toThrow(CapnpError);
    expect(() => readerOf(message).getRoot(Anything).pointer.as(Text)).toThrow(CapnpError);

    root.pointer.init(Text, 'words');
    expect(readerOf(message).getRoot(Anything).pointer.as(Text)).toBe('words');
    root.pointer.init(Data, 2)[1] = 7;
    expect(readerOf(message).getRoot(Anything).pointer.as(Data)).toEqual(Uint8Array.of(0, 7));
    root.pointer.init(listOf(TextList), 1).init(0, 1).set(0, 'x');
    expect(readerOf(message).getRoot(Anything).pointer.as(listOf(TextList)).at(0).toArray()).toEqual(['x']);
    root.pointer.clear();
    expect(root.pointer.isNull).toBe(true);
    expect(readerOf(message).getRoot(Anything).pointer.as(Node).name).toBe('');
    expect(readerOf(message).getRoot(Anything).pointer.as(Int32List).length).toBe(0);
  });

  it('is set to deep copies of anything', () => {
    const source = create();
    const node = source.initRoot(Node);
    node.name = 'copied';
    node.initChildren(2).at(1).payload = Uint8Array.of(1, 2, 3);
    const seen = new MessageReader(source.segments()).getRoot(Node);

    const message = create();
    const root = message.initRoot(Anything);
    const check = () => readerOf(message).getRoot(Anything).pointer;
    root.setPointer(seen);
    expect(toObject(check().as(Node))).toEqual(toObject(seen));
    root.pointer.set(seen.children);
    expect(check().as(structList(Node)).at(1).payload).toEqual(Uint8Array.of(1, 2, 3));
    root.pointer.set('text');
    expect(check().as(Text)).toBe('text');
    root.pointer.set(Uint8Array.of(9));
    expect(check().as(Data)).toEqual(Uint8Array.of(9));
    root.pointer.set(source.rootPointer().asReader());
    expect(check().as(Node).children.length).toBe(2);
    root.pointer.set(root.pointer.asReader());
    expect(check().as(Node).children.length).toBe(2);
    root.pointer.set(check().as(AnyStruct));
    expect(check().as(Node).name).toBe('copied');
    expect(() => root.pointer.set({})).toThrow(TypeError);
    expect(check().as(Node).name).toBe('copied');
  });

  it('as a member of a union', () => {
    const root = create().initRoot(Anything);
    expect(() => root.some).toThrow(/union member/);
    root.initSome().init(Text, 'set');
    expect([root.which, root.some.as(Text)]).toEqual(['some', 'set']);
    root.number = 3;
    expect(() => root.some).toThrow(/union member/);
    root.setSome('again');
    expect(root.some.as(Text)).toBe('again');
  });

  it('AnyStruct shows sections, AnyList elements', () => {
    const message = create();
    const root = message.initRoot(Anything);
    const struct = root.initStruct().init(anyStruct(2, 2));
    struct.data[9] = 0xff;
    struct.pointer(1).init(Text, 'second');
    expect(struct.pointerCount).toBe(2);
    expect(() => struct.pointer(2)).toThrow(RangeError);
    root.initList().init(listOf(Int32List), 4).init(3, 1).set(0, 8);
    const seen = readerOf(message).getRoot(Anything);
    expect([seen.struct.data.length, seen.struct.data[9], seen.struct.pointerCount]).toEqual([16, 0xff, 2]);
    expect(seen.struct.pointer(0).isNull).toBe(true);
    expect(seen.struct.pointer(1).as(Text)).toBe('second');
    expect([seen.list.length, seen.list.elementSize]).toEqual([4, 'pointer']);
    expect(seen.list.as(listOf(Int32List)).at(3).toArray()).toEqual([8]);
    expect(seen.list.as(AnyPointerList).at(3).as(Int32List).at(0)).toBe(8);
    const node = message.newOrphan(Node);
    node.get().value = 77;
    root.adoptStruct(node as never);
    expect(readerOf(message).getRoot(Anything).struct.as(Node).value).toBe(77);
    expect(() => anyStruct(65536, 0)).toThrow(RangeError);
    expect(new MessageReader([new Uint8Array(8)]).getRoot(Anything).list.length).toBe(0);
  });
});

describe('generics', () => {
  it('bound parameters are typed, and encoded as C++ does', () => {
    const message = new MessageBuilder();
    const users = message.initRoot(Users);
    const first = users.initTextAndNode();
    first.first = 'text';
    first.second.name = 'node';
    expectTypeOf(first.first).toEqualTypeOf<string>();
    expectTypeOf(first.second).toEqualTypeOf<Node.Builder>();
    first.initSwapped().second = 'swapped';
    const list = users.initDataAndList();
    list.first = Uint8Array.of(1);
    list.initSecond(2).setAll([3, 4]);
    const group = list.initPosition();
    group.x = Uint8Array.of(5);
    group.y = 6;
    const inner = users.initInner();
    inner.outer = 'outer';
    inner.own.value = 8;
    users.tree.value = 'root';
    users.tree.initChildren(1).at(0).value = 'leaf';
    users.initTrees(1).at(0).initValue(2).setAll([9, 10]);
    users.nested.value.first = 'deep';
    users.nested.value.second.value = Uint8Array.of(11);
    users.inherited.value.outer = 'o';
    users.inherited.value.own = 'i';
    users.unbound.first.init(Text, 'unbound');

    expect(text('Users', message)).toBe(
      '(textAndNode = (first = "text", second = (name = "node", value = 0), swapped = (second = "swapped", nothing = void)), ' +
        'dataAndList = (first = "\\001", second = [3, 4], position = (x = "\\005", y = 6)), ' +
        'inner = (outer = "outer", own = (value = 8)), ' +
        'tree = (value = "root", children = [(value = "leaf")]), ' +
        'trees = [(value = [9, 10])], ' +
        'unbound = (first = <opaque pointer>, nothing = void), ' +
        'nested = (value = (first = "deep", second = (value = "\\v"), nothing = void)), ' +
        'inherited = (value = (outer = "o", own = "i")))',
    );

    const seen = new MessageReader(message.segments()).getRoot(Users);
    expectTypeOf(seen.textAndNode.swapped.second).toEqualTypeOf<string>();
    expectTypeOf(seen.nested.value.second.value).toEqualTypeOf<Uint8Array>();
    expect(seen.textAndNode.first).toBe('text');
    expect(seen.textAndNode.second.name).toBe('node');
    expect(seen.textAndNode.swapped.second).toBe('swapped');
    expect(seen.dataAndList.second.toArray()).toEqual([3, 4]);
    expect(seen.dataAndList.position.x).toEqual(Uint8Array.of(5));
    expect([seen.inner.outer, seen.inner.own.value]).toEqual(['outer', 8]);
    expect(seen.tree.children.at(0).value).toBe('leaf');
    expect(seen.trees.at(0).value.toArray()).toEqual([9, 10]);
    expect(seen.nested.value.second.value).toEqual(Uint8Array.of(11));
    expect([seen.inherited.value.outer, seen.inherited.value.own]).toEqual(['o', 'i']);
    expect(seen.unbound.first.as(Text)).toBe('unbound');
    expect(seen.textAndNode).toBeInstanceOf(Pair.Reader);
    expect(users.textAndNode.asReader().first).toBe('text');
    expect([pair.first, pair.second]).toEqual(['one', Uint8Array.of(2)]);
    expect(toObject(seen).textAndNode).toEqual({
      first: 'text',
      second: { name: 'node', value: 0, children: [], payload: new Uint8Array(0) },
      swapped: { second: 'swapped', nothing: null },
    });
    expectTypeOf(toObject(seen).tree!.value).toEqualTypeOf<string | undefined>();
  });

  it('`of` binds a type to be used as a root', () => {
    const TextTree = Tree.of(Text);
    expect(Tree.of(Text)).toBe(TextTree);
    expect(Tree.of(Data)).not.toBe(TextTree);
    const message = new MessageBuilder();
    const root = message.initRoot(TextTree);
    root.value = 'typed';
    root.initChildren(2).at(1).value = 'child';
    const orphan = root.children.at(1).disownValue();
    root.children.at(0).adoptValue(orphan);
    const seen = new MessageReader(message.segments()).getRoot(TextTree);
    expectTypeOf(seen.value).toEqualTypeOf<string>();
    expect([seen.value, seen.children.at(0).value, seen.children.at(1).hasValue()]).toEqual([
      'typed',
      'child',
      false,
    ]);
    const pairs = Pair.of(TextTree, structList(Node));
    const both = new MessageBuilder().initRoot(pairs);
    both.first = seen;
    both.initSecond(2).at(0).name = 'n';
    expect([both.first.children.length, both.second.at(0).name]).toEqual([2, 'n']);
    expect(both.asReader().first.value).toBe('typed');
  });
});
