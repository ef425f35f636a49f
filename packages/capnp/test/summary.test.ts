// The text of a struct for logs.

import { MessageBuilder, MessageReader, summary } from '@flow-ipc/capnp';
import { describe, expect, it } from 'vitest';
import { Everything, Node, Unions } from './generated/kitchen-sink.capnp.js';

describe('summary', () => {
  it('shows what is there', () => {
    const message = new MessageBuilder();
    const node = message.initRoot(Node);
    node.name = 'root "quoted"';
    node.payload = new Uint8Array(3);
    node.initChildren(2).at(1).value = 7;
    expect(summary(node.asReader())).toBe(
      '(name = "root \\"quoted\\"", value = 0, children = [(value = 0), (value = 7)], payload = <3 bytes>)',
    );
  });

  it('shows the union member that is set', () => {
    const union = new MessageBuilder().initRoot(Unions);
    union.initPair().first = 5n;
    expect(summary(union.asReader())).toBe(
      '(before = 0, pair = (first = 5, third = true), named = (a = void))',
    );
  });

  it('is cut', () => {
    const node = new MessageBuilder().initRoot(Node);
    node.name = 'x'.repeat(1000);
    expect(summary(node.asReader()).length).toBe(256);
    expect(summary(node.asReader(), 10)).toBe('(name = "…');
  });

  it('of a damaged or cyclic message is short and does not throw', () => {
    const cyclic = new MessageReader([
      new Uint8Array(
        BigUint64Array.of(0x0004_0001_0000_0000n, 0n, 0n, 0n, 0x0004_0001_ffff_fff0n, 0n).buffer,
      ),
    ]).getRoot(Node);
    expect(summary(cyclic).length).toBe(256);
    const message = new MessageBuilder();
    message.initRoot(Everything).initTree().name = 'abc';
    const bytes = message.segments()[0]!;
    bytes[bytes.length - 5] = 1; // the terminator
    expect(summary(message.asReader().getRoot(Everything))).toContain('name = !ERR_FLOW_IPC_CAPNP_BAD_TEXT');
  });
});
