// PosixMqHandle and BipcMqHandle: one concept, two kinds.
import { readdirSync, statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  BipcMqHandle,
  FlowIpcError,
  MqInterrupter,
  type PersistentMqHandle,
  PosixMqHandle,
  removeEachPersistentWithPrefix,
  SharedName,
  sharedMemoryObjects,
} from '../src/index.js';
import { EpollEventLoop } from '../src/sync-io/index.js';

const PREFIX = `_flowipc_test_${process.pid}_h`;
let counter = 0;
const fresh = () => `${PREFIX}${counter++}`;
const code = (expected: string, extra: object = {}) => expect.objectContaining({ code: expected, ...extra });
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const text = (blob: Uint8Array | null) => blob && Buffer.from(blob).toString();
const fdCount = () => readdirSync('/proc/self/fd').length;
const mounted = (() => {
  try {
    return statSync('/dev/mqueue').isDirectory() && [...PosixMqHandle.persistentNames()].length >= 0;
  } catch {
    return false;
  }
})();

afterAll(() => {
  removeEachPersistentWithPrefix(sharedMemoryObjects, PREFIX);
  for (let i = 0; i < counter; i++) {
    try {
      PosixMqHandle.removePersistent(`${PREFIX}${i}`);
    } catch {
      // Most are gone, or were of the other kind.
    }
  }
});

describe.each([
  ['posix', PosixMqHandle],
  ['bipc', BipcMqHandle],
] as const)('a %s queue', (kind, Handle) => {
  const options = { maxMessages: 3, maxMsgSize: 32 };
  const withQueue = (use: (queue: PersistentMqHandle, name: string) => void): void => {
    const name = fresh();
    const queue = Handle.create(name, options);
    try {
      use(queue, name);
    } finally {
      queue.close();
      Handle.removePersistent(name);
    }
  };
  const anonymous = () => {
    const name = fresh();
    const queue = Handle.create(name, options);
    Handle.removePersistent(name);
    return queue;
  };

  it('is created, opened, opened or created, and removed', () => {
    const name = fresh();
    expect(() => Handle.open(name)).toThrow(code('ERR_FLOW_IPC_SYSTEM', { errno: -2 }));
    using first = Handle.openOrCreate(name, options);
    expect(() => Handle.create(name, options)).toThrow(code('ERR_FLOW_IPC_SYSTEM', { errno: -17 }));
    using second = Handle.openOrCreate(new SharedName(name), { maxMessages: 1, maxMsgSize: 1 });
    expect([second.kind, second.maxMessages, second.maxMsgSize]).toEqual([kind, 3, 32]);
    expect(String(second.absoluteName)).toBe(name);
    expect(String(second)).toBe(`${kind}@${name}`);
    first.send(bytes('x'));
    Handle.removePersistent(name);
    expect(() => Handle.removePersistent(name)).toThrow(code('ERR_FLOW_IPC_SYSTEM', { errno: -2 }));
    expect(text(second.receive())).toBe('x');
  });

  it('tries, blocks and waits', () =>
    withQueue((queue) => {
      expect([queue.isSendable(), queue.isReceivable(), queue.tryReceive()]).toEqual([true, false, null]);
      expect([queue.trySend(bytes('a')), queue.timedSend(bytes('b'), 10)]).toEqual([true, true]);
      queue.send(bytes(''));
      expect([queue.isSendable(), queue.trySend(bytes('d')), queue.timedSend(bytes('d'), 5)]).toEqual([
        false,
        false,
        false,
      ]);
      expect(queue.timedWaitSendable(5)).toBe(false);
      queue.waitReceivable();
      expect(queue.timedWaitReceivable(Number.POSITIVE_INFINITY)).toBe(true);
      const room = new Uint8Array(40);
      const got = queue.tryReceive(room);
      expect(text(got)).toBe('a');
      expect(got?.buffer).toBe(room.buffer);
      queue.waitSendable();
      expect([text(queue.receive()), queue.timedReceive(5)?.length]).toEqual(['b', 0]);
      expect(queue.timedReceive(5, room)).toBeNull();
      expect(() => queue.timedReceive(-1)).toThrow(RangeError);
      expect(() => queue.timedSend(room, Number.NaN)).toThrow(RangeError);
    }));

  it('a message too long, or too little room, is an error that harms nothing', () =>
    withQueue((queue) => {
      const wrong = code('ERR_FLOW_IPC_MQ_MESSAGE_SIZE_OVER_OR_UNDERFLOW');
      for (const send of [queue.trySend, queue.send]) {
        expect(() => send.call(queue, new Uint8Array(33))).toThrow(wrong);
      }
      expect(() => queue.timedSend(new Uint8Array(33), 5)).toThrow(wrong);
      queue.send(bytes('x'));
      expect(() => queue.tryReceive(new Uint8Array(31))).toThrow(wrong);
      expect(text(queue.tryReceive())).toBe('x');
    }));

  it('interrupts until allowed, each saying whether that changes anything', async () => {
    using queue = anonymous();
    const interrupted = code('ERR_FLOW_IPC_INTERRUPTED');
    expect([queue.allowReceives(), queue.interruptReceives(), queue.interruptReceives()]).toEqual([
      false,
      true,
      false,
    ]);
    expect(() => queue.receive()).toThrow(interrupted);
    expect(() => queue.timedReceive(50)).toThrow(interrupted);
    expect(() => queue.waitReceivable()).toThrow(interrupted);
    await expect(queue.whenReceivable()).rejects.toEqual(interrupted);
    expect(queue.tryReceive()).toBeNull();
    queue.send(bytes('still sends'));
    await queue.whenSendable();
    expect(queue.allowReceives()).toBe(true);
    await queue.whenReceivable();
    queue.receive();
    const other = new MqInterrupter(queue.interruptToken);
    expect([other.interruptSends(), queue.interruptSends(), other.allowSends(), queue.allowSends()]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  it('promises tell of messages and of room, and can be aborted', async () => {
    const name = fresh();
    const queue = Handle.create(name, options);
    const other = Handle.open(name);
    Handle.removePersistent(name);
    const before = fdCount();
    const waiting = Promise.all([queue.whenReceivable(), queue.whenReceivable(), other.whenReceivable()]);
    setTimeout(() => other.send(bytes('a')), 10);
    await waiting;
    while (queue.trySend(bytes('x')));
    const room = Promise.all([queue.whenSendable(), other.whenSendable()]);
    setTimeout(() => other.receive(), 10);
    await room;
    while (queue.tryReceive());
    const abort = new AbortController();
    const aborted = expect(queue.whenReceivable({ signal: abort.signal })).rejects.toEqual(
      code('ERR_FLOW_IPC_ABORTED', { name: 'AbortError' }),
    );
    const interrupted = expect(queue.whenReceivable()).rejects.toEqual(code('ERR_FLOW_IPC_INTERRUPTED'));
    abort.abort();
    await aborted;
    queue.interruptReceives();
    await interrupted;
    queue.allowReceives();
    await expect(queue.whenSendable({ signal: AbortSignal.abort() })).rejects.toEqual(
      code('ERR_FLOW_IPC_ABORTED'),
    );
    // What waits when the handle is closed is told.
    const closed = expect(queue.whenReceivable()).rejects.toEqual(
      code('ERR_FLOW_IPC_OBJECT_SHUTDOWN_ABORTED_COMPLETION_HANDLER'),
    );
    queue.close();
    await closed;
    other.close();
    await expect.poll(fdCount).toBeLessThanOrEqual(before);
  });

  it('promises may be driven by another loop', () => {
    withQueue((queue) => {
      const loop = new EpollEventLoop();
      let settled = false;
      void queue.whenReceivable({ loop }).then(() => {
        settled = true;
      });
      queue.send(bytes('a'));
      expect(loop.runOnce(1000)).toBe(1);
      expect(settled).toBe(false); // Promises settle when this turn is over.
      loop.close();
    });
  });

  it('a thread that blocks is interrupted by another', async () => {
    const name = fresh();
    using queue = Handle.create(name, options);
    const worker = new Worker(
      `const { workerData: token, parentPort } = require('node:worker_threads');
       parentPort.postMessage('up');
       parentPort.once('message', () => {
         import(token.entry).then(({ mqInterrupt }) => {
           setTimeout(() => { parentPort.postMessage(mqInterrupt(token.id, 1, true)); }, 30);
         });
       });`,
      {
        eval: true,
        workerData: {
          id: queue.interruptToken,
          entry: new URL('../../../native/dist/index.js', import.meta.url).href,
        },
      },
    );
    await new Promise((resolve) => worker.once('message', resolve));
    worker.postMessage('go');
    expect(() => queue.receive()).toThrow(code('ERR_FLOW_IPC_INTERRUPTED'));
    expect(await new Promise((resolve) => worker.once('message', resolve))).toBe(1);
    await worker.terminate();
    Handle.removePersistent(name);
  });

  it('a closed handle says so', async () => {
    const closed = code('ERR_FLOW_IPC_OBJECT_SHUTDOWN_ABORTED_COMPLETION_HANDLER');
    const name = fresh();
    const queue = Handle.create(name, options);
    const { interruptToken } = queue;
    queue.close();
    queue.close();
    Handle.removePersistent(name);
    expect(queue.closed).toBe(true);
    expect(() => queue.trySend(bytes('x'))).toThrow(closed);
    expect(() => queue.receive()).toThrow(closed);
    expect(() => queue.isSendable()).toThrow(closed);
    await expect(queue.whenReceivable()).rejects.toEqual(closed);
    expect(() => queue.interruptToken).toThrow(closed);
    expect(() => new MqInterrupter(interruptToken).interruptSends()).toThrow(closed);
  });

  it('refuses sizes that cannot be, saying what the limits are', () => {
    expect(() => Handle.create(fresh(), { maxMessages: 0, maxMsgSize: 8 })).toThrow(RangeError);
    expect(() => Handle.create(fresh(), { maxMessages: 8, maxMsgSize: 0 })).toThrow(RangeError);
    const huge = { maxMessages: 2 ** 40, maxMsgSize: 2 ** 40 };
    expect(() => Handle.create(fresh(), huge)).toThrow(code('ERR_FLOW_IPC_SYSTEM', { errno: -22 }));
  });

  it('is listed, and swept by prefix', (context) => {
    if (kind === 'posix' && !mounted) return context.skip();
    const names = [fresh(), fresh()];
    for (const name of names) Handle.create(name, options).close();
    const listed = [...Handle.persistentNames()].map(String);
    for (const name of names) expect(listed).toContain(name);
    expect(removeEachPersistentWithPrefix(Handle, names[1]!)).toBe(1);
    expect(removeEachPersistentWithPrefix(Handle, names[0]!)).toBe(1);
  });

  it('whatever is done with two handles of it, it is a queue', () => {
    const step = fc.oneof(
      fc.record({ op: fc.constant('send' as const), by: fc.nat(1), blob: fc.uint8Array({ maxLength: 40 }) }),
      fc.record({ op: fc.constant('receive' as const), by: fc.nat(1) }),
      fc.record({ op: fc.constant('reopen' as const), by: fc.nat(1) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) =>
        withQueue((queue, name) => {
          const handles = [queue, Handle.open(name)];
          const model: Uint8Array[] = [];
          try {
            for (const s of steps) {
              const handle = handles[s.by]!;
              if (s.op === 'send') {
                if (s.blob.length > 32) expect(() => handle.trySend(s.blob)).toThrow(FlowIpcError);
                else if (handle.trySend(s.blob)) model.push(s.blob);
                else expect(model.length).toBe(3);
              } else if (s.op === 'receive') {
                const got = handle.tryReceive();
                expect(got).toEqual(model.shift() ?? null);
              } else if (s.by === 1) {
                handles[1]!.close();
                handles[1] = Handle.open(name);
              }
              expect(handles[s.by]!.isReceivable()).toBe(model.length > 0);
            }
          } finally {
            handles[1]!.close();
          }
        }),
      ),
      { numRuns: process.env.FLOW_IPC_LONG ? 5000 : 100 },
    );
  });
});

it('without a mounted mqueue file system POSIX queues cannot be listed, and the error says so', (context) => {
  if (mounted) return context.skip();
  expect(() => PosixMqHandle.persistentNames()).toThrow(
    code('ERR_FLOW_IPC_SYSTEM', { errno: -2, message: expect.stringContaining('mount -t mqueue') }),
  );
});

it('a POSIX queue beyond what the user may have is EMFILE, with the limit named', (context) => {
  const held: PosixMqHandle[] = [];
  try {
    for (let i = 0; i < 40; i++) {
      const name = fresh();
      held.push(PosixMqHandle.create(name, { maxMessages: 10, maxMsgSize: 8192 }));
      PosixMqHandle.removePersistent(name);
    }
    context.skip(); // Somebody has raised the limit.
  } catch (err) {
    expect(err).toEqual(
      code('ERR_FLOW_IPC_SYSTEM', { errno: -24, message: expect.stringContaining('RLIMIT_MSGQUEUE') }),
    );
  } finally {
    for (const handle of held) handle.close();
  }
});

it('a POSIX queue has a descriptor, a Boost queue has none', () => {
  const name = fresh();
  using queue = PosixMqHandle.create(name, { maxMessages: 1, maxMsgSize: 8 });
  PosixMqHandle.removePersistent(name);
  expect(queue.nativeHandle).toBeGreaterThan(2);
  expect('nativeHandle' in BipcMqHandle.prototype).toBe(false);
});

it('what is no queue is not opened as one', () => {
  const name = fresh();
  using queue = BipcMqHandle.create(name, { maxMessages: 1, maxMsgSize: 8 });
  BipcMqHandle.removePersistent(name);
  expect(queue.isSendable()).toBe(true);
  expect(() => BipcMqHandle.open('.')).toThrow(FlowIpcError);
});
