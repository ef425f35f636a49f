// BlobStreamMqSender and BlobStreamMqReceiver: the bytes they say, what they make of others', their marks and names.
import { closeSync, existsSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import {
  BipcMqHandle,
  BlobStreamMqReceiver,
  BlobStreamMqSender,
  blobStreamMqNames,
  blobStreamMqs,
  type FlowIpcError,
  type FrameSink,
  mqPipes,
  type PersistentMqHandle,
  PosixMqHandle,
  removeEachPersistentWithPrefix,
  SharedName,
  sharedMemoryObjects,
  waitForPipes,
} from '../src/index.js';

const PREFIX = `_flowipc_test_${process.pid}_s`;
let counter = 0;
const code = (expected: string, extra: object = {}) => expect.objectContaining({ code: expected, ...extra });
const bytes = (...values: number[]) => Uint8Array.from(values);
const word = (value: number | bigint) => {
  const array = new Uint8Array(8);
  new DataView(array.buffer).setBigInt64(0, BigInt(value), true);
  return array;
};
const VERSION_1 = [bytes(), word(-1)];
const until = async (condition: () => boolean) => {
  for (let i = 0; !condition(); i++) {
    if (i > 5000) throw new Error('it does not come');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

class Collector implements FrameSink {
  readonly blobs: Uint8Array[] = [];
  error: FlowIpcError | undefined;
  onMessage(buffer: { bytes: Uint8Array }, offset: number, length: number): void {
    this.blobs.push(buffer.bytes.slice(offset, offset + length));
  }
  onEnd(error: FlowIpcError): void {
    this.error = error;
  }
}

describe.each([
  ['posixQ', PosixMqHandle],
  ['bipcQ', BipcMqHandle],
] as const)('over a %s', (type, Handle) => {
  let name = '';
  const open: { close(): void }[] = [];
  const keep = <T extends { close(): void }>(object: T): T => {
    open.push(object);
    return object;
  };
  const create = (maxMsgSize = 64): PersistentMqHandle => {
    name = `${PREFIX}${counter++}`;
    return keep(Handle.create(name, { maxMessages: 8, maxMsgSize }));
  };
  const mark = (end: 'Snd' | 'Rcv') => `/dev/shm/_libipc_shm_0_0_0_${type}_sentinel${end}${name}`;
  const exists = () => {
    try {
      Handle.open(name).close();
      return true;
    } catch {
      return false;
    }
  };
  const take = (handle: PersistentMqHandle) => {
    const got: Uint8Array[] = [];
    for (let m = handle.tryReceive(); m; m = handle.tryReceive()) got.push(m);
    return got;
  };
  afterEach(() => {
    for (const object of open.splice(0)) object.close();
    try {
      blobStreamMqs(Handle).removePersistent(new SharedName(name));
    } catch {
      // What the streams left: mostly nothing.
    }
  });

  it('a sender says its version, messages, pings and the end, and nothing else', () => {
    const raw = create();
    const sender = keep(new BlobStreamMqSender(Handle.open(name)));
    expect(take(raw)).toEqual([]);
    sender.send(bytes(1, 2, 3));
    sender.send(bytes(4));
    expect(sender.autoPing(60_000)).toBe(true);
    expect(sender.endSending()).toBe(true);
    expect(take(raw)).toEqual([...VERSION_1, bytes(1, 2, 3), bytes(4), bytes(), word(1), bytes(), word(0)]);
    expect(() => sender.send(bytes(1))).toThrow(code('ERR_FLOW_IPC_SENDS_FINISHED_CANNOT_SEND'));
    expect(take(raw)).toEqual([]);
  });

  it('a stream that only ends says its version first', () => {
    const raw = create();
    const sender = keep(new BlobStreamMqSender(Handle.open(name)));
    sender.endSending();
    expect(take(raw)).toEqual([...VERSION_1, bytes(), word(0)]);
  });

  it('a ping that finds no room is dropped', () => {
    const raw = create();
    const sender = keep(new BlobStreamMqSender(Handle.open(name)));
    for (let i = 0; i < 6; i++) sender.send(bytes(i));
    sender.autoPing(60_000);
    expect(sender.queuedBytes).toBe(0);
    expect(take(raw)).toHaveLength(8);
  });

  it('a ping that finds room for half of it waits with the other half', async () => {
    const raw = create();
    const sender = keep(new BlobStreamMqSender(Handle.open(name)));
    for (let i = 0; i < 5; i++) sender.send(bytes(i));
    sender.autoPing(60_000);
    expect(sender.queuedBytes).toBe(8);
    const got = take(raw);
    await until(() => got.push(...take(raw)) === 9);
    expect(got.slice(-2)).toEqual([bytes(), word(1)]);
    expect(sender.queuedBytes).toBe(0);
  });

  it('pings go on at their period, pushed back by messages, until the end', async () => {
    const raw = create();
    const sender = keep(new BlobStreamMqSender(Handle.open(name)));
    expect(sender.autoPing(20)).toBe(true);
    expect(sender.autoPing(20)).toBe(false);
    const got = take(raw);
    expect(got).toEqual([...VERSION_1, bytes(), word(1)]);
    await until(() => got.push(...take(raw)) >= 10);
    expect(got.slice(2).filter((m) => m.length > 0)).toEqual(
      got
        .slice(2)
        .filter((m) => m.length > 0)
        .map(() => word(1)),
    );
    sender.endSending();
    await pause(60);
    expect(take(raw).slice(-2)).toEqual([bytes(), word(0)]);
  });

  it.each([
    ['a message before the version', [bytes(1)], 'PROTOCOL_NEGOTIATION_OPPOSING_VER_INVALID'],
    ['version 0', [bytes(), word(0)], 'PROTOCOL_NEGOTIATION_OPPOSING_VER_INVALID'],
    ['a command before the version', [bytes(), word(1)], 'PROTOCOL_NEGOTIATION_OPPOSING_VER_INVALID'],
    ['a version of a wrong size', [bytes(), bytes(1, 2)], 'BLOB_STREAM_MQ_RECEIVER_BAD_CTL_CMD'],
    ['an empty version', [bytes(), bytes()], 'BLOB_STREAM_MQ_RECEIVER_BAD_CTL_CMD'],
    ['an unknown command', [...VERSION_1, bytes(), word(2)], 'BLOB_STREAM_MQ_RECEIVER_BAD_CTL_CMD'],
    ['a second version', [...VERSION_1, bytes(), word(-1)], 'BLOB_STREAM_MQ_RECEIVER_BAD_CTL_CMD'],
    ['a huge command', [...VERSION_1, bytes(), word(2n ** 63n - 1n)], 'BLOB_STREAM_MQ_RECEIVER_BAD_CTL_CMD'],
    [
      'a command of 9 bytes',
      [...VERSION_1, bytes(), new Uint8Array(9)],
      'BLOB_STREAM_MQ_RECEIVER_BAD_CTL_CMD',
    ],
    ['the end', [...VERSION_1, bytes(), word(0)], 'RECEIVES_FINISHED_CANNOT_RECEIVE'],
  ])('%s ends receiving, and what comes after is not handed out', async (_, said, expected) => {
    const raw = create();
    const receiver = keep(new BlobStreamMqReceiver(Handle.open(name)));
    const sink = new Collector();
    for (const message of [...said, bytes(9)]) raw.send(message);
    receiver.startReceive(sink);
    await until(() => sink.error !== undefined);
    expect(sink.error).toEqual(code(`ERR_FLOW_IPC_${expected}`));
    expect(receiver.receiveError).toBe(sink.error);
    await pause(10);
    expect(sink.blobs).toEqual([]);
  });

  it('speaks version 1 with a peer of a later one', async () => {
    const raw = create();
    const receiver = keep(new BlobStreamMqReceiver(Handle.open(name)));
    const sink = new Collector();
    receiver.startReceive(sink);
    for (const message of [bytes(), word(-7), bytes(1), bytes(), word(1), bytes(2)]) raw.send(message);
    await until(() => sink.blobs.length === 2);
    expect(sink.blobs).toEqual([bytes(1), bytes(2)]);
  });

  it('a blocked wait for room is over when all that was queued leaves before it', () => {
    create();
    const silent = name;
    const raw = create();
    const sender = keep(new BlobStreamMqSender(Handle.open(name)));
    const other = keep(new BlobStreamMqReceiver(Handle.open(silent)));
    other.startReceive(new Collector());
    for (const pipes of [[sender], [sender, other]]) {
      while (sender.queuedBytes === 0) sender.send(bytes(1));
      take(raw);
      const start = performance.now();
      waitForPipes(pipes, 5000);
      expect(sender.queuedBytes).toBe(0);
      expect(performance.now() - start).toBeLessThan(2500);
    }
  });

  it('messages and pings keep the idle timer from expiring, the version does not', async () => {
    const raw = create();
    const receiver = keep(new BlobStreamMqReceiver(Handle.open(name)));
    const sink = new Collector();
    receiver.startReceive(sink);
    const start = performance.now();
    receiver.idleTimerRun(120);
    expect(receiver.idleTimerRun(120)).toBe(false);
    for (const message of VERSION_1) raw.send(message);
    await until(() => sink.error !== undefined);
    expect(sink.error).toEqual(code('ERR_FLOW_IPC_RECEIVER_IDLE_TIMEOUT'));
    expect(performance.now() - start).toBeGreaterThanOrEqual(119);
  });

  it('has one sender and one receiver; the marks are empty, and refuse a second without harm to its handle', () => {
    create();
    const sender = keep(new BlobStreamMqSender(Handle.open(name)));
    const second = keep(Handle.open(name));
    expect(() => new BlobStreamMqSender(second)).toThrow(code('ERR_FLOW_IPC_BLOB_STREAM_MQ_SENDER_EXISTS'));
    expect(second.closed).toBe(false);
    const receiver = keep(new BlobStreamMqReceiver(second));
    expect(second.closed).toBe(true);
    expect(() => new BlobStreamMqReceiver(keep(Handle.open(name)))).toThrow(
      code('ERR_FLOW_IPC_BLOB_STREAM_MQ_RECEIVER_EXISTS'),
    );
    for (const end of ['Snd', 'Rcv'] as const) {
      const { size, mode } = statSync(mark(end));
      expect([size, mode & 0o777]).toEqual([0, 0o644]);
    }
    expect([sender.absoluteName, receiver.absoluteName].map(String)).toEqual([name, name]);
  });

  it.each(['sender', 'receiver'] as const)(
    'the %s closed first takes all names away; what is queued stays',
    async (which) => {
      create();
      const sender = keep(new BlobStreamMqSender(Handle.open(name)));
      const receiver = keep(new BlobStreamMqReceiver(Handle.open(name)));
      sender.send(bytes(1));
      (which === 'sender' ? sender : receiver).close();
      expect([existsSync(mark('Snd')), existsSync(mark('Rcv')), exists()]).toEqual([false, false, false]);
      if (which === 'receiver') {
        sender.send(bytes(2));
        return;
      }
      const sink = new Collector();
      receiver.startReceive(sink);
      await until(() => sink.blobs.length === 1);
      expect(sink.error).toBeUndefined();
    },
  );

  it('who closes second does not take away what was made anew under the same names', () => {
    create();
    const sender = keep(new BlobStreamMqSender(Handle.open(name)));
    const receiver = keep(new BlobStreamMqReceiver(Handle.open(name)));
    sender.close();
    keep(Handle.create(name, { maxMessages: 8, maxMsgSize: 64 }));
    const again = keep(new BlobStreamMqReceiver(Handle.open(name)));
    receiver.close();
    expect([existsSync(mark('Rcv')), exists()]).toEqual([true, true]);
    again.close();
    expect(exists()).toBe(false);
  });

  it('a mark that a crash left is removed with the queue', () => {
    create();
    writeFileSync(mark('Snd'), '');
    expect(() => new BlobStreamMqSender(keep(Handle.open(name)))).toThrow(
      code('ERR_FLOW_IPC_BLOB_STREAM_MQ_SENDER_EXISTS'),
    );
    expect(blobStreamMqNames(Handle).map(String)).toContain(name);
    // The receiver's mark is missing: that is an error, but the rest is removed.
    const kind = blobStreamMqs(Handle);
    expect(() => kind.removePersistent(new SharedName(name))).toThrow(
      code('ERR_FLOW_IPC_SYSTEM', { errno: -2 }),
    );
    expect([existsSync(mark('Snd')), exists()]).toEqual([false, false]);
    expect(blobStreamMqNames(Handle).map(String)).not.toContain(name);
    keep(Handle.create(name, { maxMessages: 8, maxMsgSize: 64 }));
    keep(new BlobStreamMqSender(Handle.open(name)));
    writeFileSync(mark('Rcv'), '');
    if (type === 'bipcQ') expect(removeEachPersistentWithPrefix(kind, name)).toBe(1);
    else kind.removePersistent(new SharedName(name));
    expect([existsSync(mark('Snd')), existsSync(mark('Rcv')), exists()]).toEqual([false, false, false]);
  });

  it('needs messages of 8 bytes and an absolute name', () => {
    const small = create(7);
    expect(() => new BlobStreamMqSender(small)).toThrow(code('ERR_FLOW_IPC_INVALID_ARGUMENT'));
    expect(() => new BlobStreamMqReceiver(small)).toThrow(code('ERR_FLOW_IPC_INVALID_ARGUMENT'));
    const relative = `${PREFIX.slice(1)}relative`;
    using handle = Handle.create(relative, { maxMessages: 1, maxMsgSize: 8 });
    Handle.removePersistent(relative);
    expect(() => new BlobStreamMqSender(handle)).toThrow(code('ERR_FLOW_IPC_INVALID_ARGUMENT'));
    expect(handle.closed).toBe(false);
  });

  it('takes no descriptors, and refuses what is empty or too long', () => {
    create();
    const sender = keep(new BlobStreamMqSender(Handle.open(name)));
    const invalid = code('ERR_FLOW_IPC_INVALID_ARGUMENT');
    expect(() => sender.send(bytes(1), 0)).toThrow(invalid);
    expect(() => sender.send(null)).toThrow(invalid);
    expect(() => sender.send(bytes())).toThrow(invalid);
    expect(() => sender.send(new Uint8Array(65))).toThrow(invalid);
    expect(sender.sendError).toBeUndefined();
  });

  it('both pipes of a channel, or neither', () => {
    const out = create();
    const outName = name;
    const into = create();
    const first = keep(new BlobStreamMqReceiver(Handle.open(name)));
    expect(() => mqPipes({ out, in: into })).toThrow(code('ERR_FLOW_IPC_BLOB_STREAM_MQ_RECEIVER_EXISTS'));
    expect([out.closed, into.closed, first.closed]).toEqual([true, false, false]);
    expect(() => Handle.open(outName)).toThrow();
  });

  it('whatever is sent, and however the other end pauses, arrives in order', async () => {
    const plan = fc.array(
      fc.oneof(
        fc.record({ op: fc.constant('send' as const), blob: fc.uint8Array({ minLength: 1, maxLength: 64 }) }),
        fc.constant({ op: 'pause' as const }),
        fc.constant({ op: 'resume' as const }),
        fc.constant({ op: 'turn' as const }),
      ),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(plan, async (steps) => {
        create();
        const sender = new BlobStreamMqSender(Handle.open(name));
        const receiver = new BlobStreamMqReceiver(Handle.open(name));
        const sink = new Collector();
        const sent: Uint8Array[] = [];
        receiver.startReceive(sink);
        try {
          for (const step of steps) {
            if (step.op === 'send') {
              sender.send(step.blob);
              sent.push(step.blob);
            } else if (step.op === 'pause') receiver.pauseReceive();
            else if (step.op === 'resume') receiver.resumeReceive();
            else await new Promise((resolve) => setImmediate(resolve));
          }
          receiver.resumeReceive();
          sender.endSending();
          await until(() => sink.error !== undefined);
          expect(sink.blobs).toEqual(sent);
        } finally {
          sender.close();
          receiver.close();
          for (const object of open.splice(0)) object.close();
        }
      }),
      { numRuns: process.env.FLOW_IPC_LONG ? 2000 : 60 },
    );
  });
});

it('damage in a Boost queue ends both ends with its code', async () => {
  const name = `${PREFIX}${counter++}`;
  BipcMqHandle.create(name, { maxMessages: 4, maxMsgSize: 64 }).close();
  const sender = new BlobStreamMqSender(BipcMqHandle.open(name));
  const receiver = new BlobStreamMqReceiver(BipcMqHandle.open(name));
  const sink = new Collector();
  receiver.startReceive(sink);
  sender.send(bytes(1));
  await until(() => sink.blobs.length === 1);
  // The count of messages.
  const fd = openSync(`/dev/shm/${name}`, 'r+');
  writeSync(fd, bytes(255, 255, 255, 255, 255, 255, 255, 255), 0, 8, 40);
  closeSync(fd);
  const damaged = code('ERR_FLOW_IPC_MQ_BIPC_MISC_LIBRARY_ERROR', { errno: -74 });
  expect(() => sender.send(bytes(2))).toThrow(damaged);
  expect(() => sender.send(bytes(3))).toThrow(damaged);
  await until(() => sink.error !== undefined);
  expect(sink.error).toEqual(damaged);
  sender.close();
  receiver.close();
  expect(removeEachPersistentWithPrefix(sharedMemoryObjects, PREFIX)).toBe(0);
});
