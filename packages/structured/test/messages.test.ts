// Messages themselves: made in several ways, sent in several ways, with descriptors, shown in logs (features 88-92).
import { fstatSync, openSync } from 'node:fs';
import { inspect } from 'node:util';
import { HeapAllocator, MessageBuilder, MessageReader } from '@flow-ipc/capnp';
import { NativeHandle, TransportError } from '@flow-ipc/core';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type BodyBuilder,
  heapSerialization,
  MsgOut,
  type Serialization,
  StructError,
  StructuredChannel,
} from '../src/index.js';
import { Body } from './generated/test-body.capnp.js';
import { ask, channels, closeAll, keep, openDescriptors, outcome, pair, turn } from './harness.js';

afterEach(closeAll);

const devNull = () => new NativeHandle(openSync('/dev/null', 'r'));

describe('a message of a finished builder', () => {
  const bulk = (parts: number, size: number, builder = new MessageBuilder()) => {
    const list = builder.initRoot(Body).initBulk().initParts(parts);
    for (let i = 0; i < parts; i++) list.set(i, new Uint8Array(size).fill(i));
    return builder;
  };

  it('is taken over, and can be changed through the message and sent again', async () => {
    const [a, b] = pair();
    const builder = new MessageBuilder();
    builder.initRoot(Body).initAsk().number = 3;
    using msg = a.adoptMsg(builder);
    a.send(msg);
    msg.body.ask.number = 4;
    a.send(msg);
    expect((await b.message('ask')).body.ask.number).toBe(3n);
    expect((await b.message('ask')).body.ask.number).toBe(4n);
  });

  it('is laid out anew where its segments are longer than the pipe takes', async () => {
    const [a, b] = pair();
    const builder = bulk(40, 10_000, new MessageBuilder(new HeapAllocator({ firstBytes: 1_000_000 })));
    expect(builder.segmentCount).toBe(1);
    using msg = a.adoptMsg(builder);
    a.send(msg);
    using got = await b.message('bulk');
    expect(got.body.bulk.parts.length).toBe(40);
    expect(got.body.bulk.parts.at(39).every((x) => x === 39)).toBe(true);
    expect(got.segments.length).toBeGreaterThan(6);
    expect(outcome(() => a.send(a.adoptMsg(bulk(1, 70_000))))).toBe(StructError.LEAF_TOO_BIG);
  });

  it('is copied where the serialization takes over none, and so is any message', async () => {
    const [x, y] = channels();
    const copying: Serialization = {
      newBody: (...args) => heapSerialization.newBody(...args),
      wrapMetadata: (...args) => heapSerialization.wrapMetadata(...args),
      unwrapMetadata: (...args) => heapSerialization.unwrapMetadata(...args),
      openBody: (...args) => heapSerialization.openBody(...args),
    };
    const a = keep(new StructuredChannel(x, Body, { serialization: copying }));
    const b = keep(new StructuredChannel(y, Body));
    a.send(a.adoptMsg(bulk(3, 100)));
    using got = await b.message('bulk');
    b.send(b.copyMsg(new MessageReader(got.segments)));
    expect((await a.message('bulk')).body.bulk.parts.length).toBe(3);
    expect(() =>
      b.copyMsg(new MessageReader([Uint8Array.from(Buffer.from('f0ffff7f01000100', 'hex'))])),
    ).toThrow();
  });
});

describe('a descriptor in a message', () => {
  it('is owned by it: replaced, taken back, closed with it; the same again is nothing', () => {
    const before = openDescriptors();
    const [a] = pair();
    const opened = openDescriptors();
    const [one, two] = [devNull(), devNull()];
    const msg = a.createMsg({ nativeHandle: one });
    msg.nativeHandle = one;
    expect(one.fd).toBeGreaterThan(0);
    msg.nativeHandle = two;
    expect([one.fd, openDescriptors()]).toEqual([-1, opened + 1]);
    expect(msg.takeNativeHandle()).toBe(two);
    expect(msg.nativeHandle).toBeNull();
    msg.nativeHandle = two;
    msg.release();
    msg.release();
    expect(two.fd).toBe(-1);
    closeAll();
    expect(openDescriptors()).toBe(before);
  });

  it('goes along with every sending, and each receiver gets its own', async () => {
    const [a, b] = pair();
    const [c, d] = pair();
    using msg = ask(a, 1);
    msg.nativeHandle = devNull();
    a.send(msg);
    a.send(msg);
    c.send(msg);
    const { ino } = fstatSync(msg.nativeHandle.fd);
    const got = [await b.message('ask'), await b.message('ask'), await d.message('ask')];
    const handles = got.map((m) => m.takeNativeHandle()!);
    expect(new Set(handles.map((h) => h.fd)).size).toBe(3);
    for (const h of handles) {
      expect(fstatSync(h.fd).ino).toBe(ino);
      h.close();
    }
    expect(got[0]!.takeNativeHandle()).toBeNull();
  });

  it('that was closed, or that the channel cannot carry, is refused and nothing is sent', () => {
    const [a] = pair();
    using msg = ask(a, 1);
    msg.nativeHandle = devNull();
    msg.nativeHandle.close();
    expect(outcome(() => a.send(msg))).toBe(TransportError.INVALID_ARGUMENT);
    expect(a.counters.messagesSent).toBe(0);
    expect(a.error).toBeUndefined();
  });

  it("stays the caller's when the message cannot be made", () => {
    const [a] = pair();
    using handle = devNull();
    expect(() =>
      a.buildMsg(
        'ask',
        () => {
          throw new Error('mine');
        },
        { nativeHandle: handle },
      ),
    ).toThrow('mine');
    expect(handle.fd).toBeGreaterThan(0);
  });
});

it('shows itself in logs, cut to about 256 characters', async () => {
  const [a, b] = pair();
  const msg = a.buildMsg('bulk', (x) => (x.data = new Uint8Array(9)));
  expect(String(msg)).toBe('MsgOut (bulk = (data = <9 bytes>))');
  a.send(msg);
  using got = await b.message('bulk');
  expect(inspect(got)).toBe('MsgIn 1 (bulk = (data = <9 bytes>))');
  msg.release();
  expect(inspect(msg)).toBe('MsgOut released');
  const long = a.buildMsg('bulk', (x) => void x.initParts(1000));
  expect(String(long).length).toBeLessThan(300);
  got.release();
  expect(String(got)).toBe('MsgIn 1 released');
  expect(outcome(() => got.body)).toBe(StructError.RELEASED);
  expect(outcome(() => got.segments)).toBe(StructError.RELEASED);
  expect(outcome(() => msg.body)).toBe(StructError.RELEASED);
  expect(outcome(() => (msg.nativeHandle = null))).toBe(StructError.RELEASED);
});

describe('a serialization that misbehaves', () => {
  const withSerialization = (own: Partial<Serialization>) => {
    const [x, y] = channels();
    const serialization: Serialization = {
      newBody: (...args) => heapSerialization.newBody(...args),
      wrapMetadata: (...args) => heapSerialization.wrapMetadata(...args),
      unwrapMetadata: (...args) => heapSerialization.unwrapMetadata(...args),
      openBody: (...args) => heapSerialization.openBody(...args),
      ...own,
    };
    const a = keep(new StructuredChannel(x, Body, { serialization }));
    return [a, keep(new StructuredChannel(y, Body))] as const;
  };
  const emitting = (emitted: Uint8Array[], retracted: () => void) => (): BodyBuilder => ({
    builder: new MessageBuilder(),
    emit: () => emitted,
    retract: retracted,
    release: () => {},
  });

  it.each([
    ['no segments', [], 'TypeError'],
    ['an empty segment', [new Uint8Array(0)], StructError.LEAF_TOO_BIG],
    ['a segment that is too long', [new Uint8Array(65_536)], StructError.LEAF_TOO_BIG],
  ])('by making %s: nothing is sent, and it is told so', (_, emitted, code) => {
    let retracted = 0;
    const [a] = withSerialization({ newBody: emitting(emitted, () => retracted++) });
    expect(outcome(() => a.send(a.createMsg()))).toBe(code);
    expect([retracted, a.error, a.counters.messagesSent]).toEqual([1, undefined, 0]);
  });

  it('by failing to wrap metadata: nothing is sent, and what was made for the recipient is taken back', () => {
    let retracted = 0;
    const [a] = withSerialization({
      newBody: emitting([new Uint8Array(8)], () => retracted++),
      wrapMetadata: () => {
        throw new RangeError('full');
      },
    });
    expect(outcome(() => a.send(a.createMsg()))).toBe('RangeError');
    expect([retracted, a.error]).toEqual([1, undefined]);
  });

  it('by giving nothing for what came: INSUFFICIENT_SEGMENTS; by throwing: DESERIALIZE_FAILED', async () => {
    for (const [openBody, code] of [
      [() => ({ segments: [], release: () => {} }), StructError.INSUFFICIENT_SEGMENTS],
      [
        () => {
          throw new Error('what?');
        },
        StructError.DESERIALIZE_FAILED,
      ],
    ] as const) {
      const [a, b] = withSerialization({ openBody });
      b.send(ask(b, 1));
      await turn(10);
      expect(a.error!.code).toBe(code);
    }
  });
});

it('a message is of its channel: an answer to one of another channel is a mistake', async () => {
  const [a, b] = pair();
  const [c] = pair();
  a.send(ask(a, 1));
  const request = await b.message('ask');
  expect(outcome(() => c.send(ask(c, 1), request))).toBe('TypeError');
  expect(outcome(() => c.asyncRequest(ask(c, 1), () => {}, { inResponseTo: request }))).toBe('TypeError');
  expect(new MsgOut(Body, heapSerialization.newBody(65534, {})).body.which).toBe('ask');
});
