// Segments in memory that is taken back while others go on using what lies around them.

import { type Allocation, Memory, MessageBuilder, MessageReader, RevocablePart } from '@flow-ipc/capnp';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Node, type NodeBuilder, type NodeReader } from './generated/kitchen-sink.capnp.js';

const AROUND = 0xee;

class Part extends RevocablePart {
  made = 0;

  protected override makeBuffer(): ArrayBuffer {
    this.made++;
    // As a second mapping of the same bytes would be; this one only has them as they were.
    return this.memory.bytes.slice(this.start, this.start + this.length).buffer as ArrayBuffer;
  }
}

function place(length = 512, start = 64): { memory: Memory; part: Part; allocate: () => Allocation } {
  const memory = new Memory(new Uint8Array(1024).fill(AROUND));
  const part = new Part(memory, start, length);
  return { memory, part, allocate: () => ({ bytes: part, zeroed: false }) };
}

function fill(root: NodeBuilder): void {
  root.name = 'a name that is longer than what a loop decodes, so that Node does';
  root.initChildren(2).at(1).name = 'child';
  root.payload = Uint8Array.of(1, 2, 3);
}

const aroundIsWhole = ({ bytes }: Memory, part: Part): boolean =>
  bytes.every((byte, i) => (i >= part.start && i < part.start + part.length) || byte === AROUND);

describe('a part that can be revoked', () => {
  it('is built in and read in place, and leaves its surroundings alone', () => {
    const { memory, part, allocate } = place();
    fill(new MessageBuilder({ allocate }).initRoot(Node));
    const root = new MessageReader([part]).getRoot(Node);
    expect(root.name).toMatch(/^a name .* does$/);
    expect(root.children.at(1).name).toBe('child');
    expect(part.made).toBe(0);
    expect(aroundIsWhole(memory, part)).toBe(true);
  });

  it('hands out bytes of a buffer of its own, which it makes once', () => {
    const { part, memory, allocate } = place();
    fill(new MessageBuilder({ allocate }).initRoot(Node));
    const root = new MessageReader([part]).getRoot(Node);
    const { payload: data } = root;
    expect([...data]).toEqual([1, 2, 3]);
    expect(data.buffer).not.toBe(memory.buffer);
    expect(data.buffer.byteLength).toBe(part.length);
    expect(root.payload.buffer).toBe(data.buffer);
    expect(part.toBytes()).toHaveLength(part.length);
    expect(part.made).toBe(1);
  });

  it('is out of reach of everything that was made of it, once revoked', () => {
    const { memory, part, allocate } = place();
    const message = new MessageBuilder({ allocate });
    const builder = message.initRoot(Node);
    fill(builder);
    const children = builder.children;
    const child = children.at(1);
    const root = new MessageReader([part]).getRoot(Node);
    const other = new MessageReader([part]).getRoot(Node);
    const list = root.children;
    const reader = list.at(1);
    const before = memory.bytes.slice();
    part.revoke();
    part.revoke();
    const uses: (() => unknown)[] = [
      () => root.name,
      () => root.payload,
      () => root.children,
      () => other.name,
      () => list.at(0).name,
      () => reader.name,
      () => builder.name,
      () => {
        builder.name = 'x';
      },
      () => {
        child.name = 'x';
      },
      () => builder.initChildren(3),
      () => builder.initPayload(8),
      () => children.at(0).name,
      () => message.initRoot(Node),
      () => message.segments(),
      () => part.toBytes(),
      () => new MessageReader([part]).getRoot(Node),
    ];
    for (const use of uses) expect(use, String(use)).toThrow(TypeError);
    expect(Buffer.compare(memory.bytes, before)).toBe(0);
  });

  it('keeps readers of damaged messages within it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(255), fc.nat(255)), { minLength: 1, maxLength: 12 }),
        (changes) => {
          const { memory, part, allocate } = place(256);
          fill(new MessageBuilder({ allocate }).initRoot(Node));
          // What a reader finds beyond the part would be a name, or bytes, of these.
          const secret = Buffer.from('secret'.repeat(40));
          memory.bytes.set(secret.subarray(0, 64), 0);
          memory.bytes.set(secret, part.start + part.length);
          for (const [at, value] of changes) memory.bytes[part.start + (at % part.length)] = value;
          const seen: string[] = [];
          try {
            collect(new MessageReader([part]).getRoot(Node), seen, 0);
          } catch (err) {
            expect(err).toMatchObject({ code: expect.stringMatching(/^ERR_FLOW_IPC_CAPNP_/) });
          }
          expect(seen.join()).not.toContain('secret');
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function collect(node: NodeReader, seen: string[], depth: number): void {
  seen.push(node.name, Buffer.from(node.payload).toString('latin1'));
  if (depth < 3) for (const child of node.children) collect(child, seen, depth + 1);
}
