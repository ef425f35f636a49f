// Segments that are parts of a larger piece of memory, and what builders give back of it.

import {
  type Allocation,
  HeapAllocator,
  Memory,
  MemoryPart,
  MessageBuilder,
  MessageReader,
} from '@flow-ipc/capnp';
import { describe, expect, it } from 'vitest';
import { Node } from './generated/kitchen-sink.capnp.js';

/** Cuts segments of 1 kB from one piece, and notes what is given back. */
class Cutter {
  readonly memory = new Memory(new Uint8Array(8192).fill(0xee));
  readonly given: [end: number, limit: number][] = [];
  #at = 8;

  allocate(minBytes: number): Allocation {
    const part = new MemoryPart(this.memory, this.#at, Math.max(minBytes, 1024));
    this.#at += part.length + 8;
    return { bytes: part, zeroed: false };
  }

  reclaim(memory: Memory, end: number, limit: number): void {
    expect(memory).toBe(this.memory);
    this.given.push([end, limit]);
  }
}

function fill(message: MessageBuilder, name: string): void {
  message.initRoot(Node).name = name;
}

const nameIn = (segments: readonly (Uint8Array | MemoryPart)[]): string =>
  new MessageReader(segments).getRoot(Node).name;

describe('a part of a piece of memory', () => {
  it('must lie within it', () => {
    const memory = new Memory(new Uint8Array(new ArrayBuffer(64), 16, 32));
    expect(new MemoryPart(memory, 8, 24).toBytes()).toHaveLength(24);
    expect(new MemoryPart(memory, 8, 24).toBytes().byteOffset).toBe(24);
    expect(new MemoryPart(memory, 32, 0).toBytes()).toHaveLength(0);
    for (const [start, length] of [
      [-8, 16],
      [0, 33],
      [8, 25],
      [33, 0],
      [0, -1],
      [Number.NaN, 8],
      [0, Number.NaN],
    ] as const)
      expect(() => new MemoryPart(memory, start, length)).toThrow(RangeError);
  });

  it('is built in and read like memory of its own', () => {
    const cutter = new Cutter();
    const [one, two] = [new MessageBuilder(cutter), new MessageBuilder(cutter)];
    fill(one, 'one');
    fill(two, 'a name that is long enough for the routines of Buffer');
    const own = new MessageBuilder(new HeapAllocator({ firstBytes: 1024 }));
    fill(own, 'one');
    expect(one.segments()).toEqual(own.segments().map((segment) => new Uint8Array(segment)));
    expect(nameIn([new MemoryPart(cutter.memory, 8, one.usedBytes(0))])).toBe('one');
    expect(nameIn(two.segments())).toBe('a name that is long enough for the routines of Buffer');
  });

  it('may begin and end anywhere, also in a buffer that grew after it was first read from', () => {
    const message = new MessageBuilder();
    fill(message, 'odd');
    const [segment] = message.segments();
    const Resizable = ArrayBuffer as unknown as new (size: number, options: object) => ArrayBuffer;
    const buffer = new Resizable(256, { maxByteLength: 4096 });
    for (const [size, at] of [
      [256, 0],
      [256, 13],
      [1024, 700],
      [4096, 3001],
    ] as const) {
      (buffer as ArrayBuffer & { resize(size: number): void }).resize(size);
      const place = new Uint8Array(buffer, at, segment!.length);
      place.set(segment!);
      expect(nameIn([place])).toBe('odd');
    }
  });
});

describe('room that a finished message does not use', () => {
  it('is given back once', () => {
    const cutter = new Cutter();
    const message = new MessageBuilder(cutter);
    message.trim();
    fill(message, 'x');
    const used = message.usedBytes(0);
    expect(message.segmentsSoFar()).toHaveLength(1);
    expect(message.asReader().getRoot(Node).name).toBe('x');
    expect(cutter.given).toEqual([]);
    expect(message.segments()[0]).toHaveLength(used);
    message.segments();
    message.trim();
    expect(cutter.given).toEqual([[8 + used, 8 + 1024]]);
  });

  it('serves the next message; the first may still grow, elsewhere', () => {
    const first = new MessageBuilder();
    fill(first, 'first');
    const [sent] = first.segments();
    const second = new MessageBuilder();
    fill(second, 'second');
    const [next] = second.segments();
    expect(next!.buffer).toBe(sent!.buffer);
    expect(next!.byteOffset).toBe(sent!.byteOffset + sent!.length);

    const root = first.getRoot(Node);
    root.name = 'first, and more';
    root.initChildren(3).at(2).value = 7;
    expect(first.segmentCount).toBe(2);
    expect(first.asReader().getRoot(Node).children.at(2).value).toBe(7);
    expect(nameIn(first.segments())).toBe('first, and more');
    expect(nameIn(second.segments())).toBe('second');
  });

  it('is not given back when something else was cut behind it', () => {
    const [one, two] = [new MessageBuilder(), new MessageBuilder()];
    fill(one, 'one');
    fill(two, 'two');
    one.segments();
    const three = new MessageBuilder();
    fill(three, 'three');
    expect([one, two, three].map((message) => nameIn(message.segments()))).toEqual(['one', 'two', 'three']);
    const places = [one, two, three].map((message) => message.segments()[0]!);
    for (const a of places)
      for (const b of places)
        if (a !== b)
          expect(a.byteOffset >= b.byteOffset + b.length || b.byteOffset >= a.byteOffset + a.length).toBe(
            true,
          );
  });
});
