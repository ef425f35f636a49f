// What the sync_io form of a pipe must do, driven by one epoll loop: no promise and no event loop of Node is involved.
import assert from 'node:assert/strict';
import type { SyncIoPipePair } from '../sync-io/channel.js';
import { EpollEventLoop, type EpollWatch } from '../sync-io/epoll-event-loop.js';
import type { EventWaitFunc } from '../sync-io/event-wait.js';
import { WOULD_BLOCK } from '../sync-io/would-block.js';
import { type FlowIpcError, TransportError } from '../util/errors.js';
import { checkReleased, held } from './leaks.js';
import { patterned } from './random.js';

type Pair = SyncIoPipePair<EpollWatch>;

export interface SyncIoComplianceOptions {
  /** What defines a test: `test` of node:test, `it` of vitest, … */
  test: (name: string, run: () => Promise<void>) => unknown;
  /** Two connected ends in this process, not started. The suite closes them. */
  makePair: () => { near: Pair; far: Pair };
  /** As {@link ReceiverPipe.underflowAllowed}. */
  underflowAllowed: boolean;
}

interface Bench {
  near: Pair;
  far: Pair;
  loop: EpollEventLoop;
  start(): void;
  /** Goes round the loop until the condition holds. */
  until(condition: () => boolean): void;
}

const code = (expected: string) => (err: unknown) => {
  assert.equal((err as { code?: string }).code, expected, `not ${expected} but ${err}`);
  return true;
};
/** Through a function, since the compiler does not see that handlers set variables. */
const codeOf = (err: FlowIpcError | undefined) => err?.code;
const never = () => assert.fail('a handler of what was done at once must not be called');

const cases: Record<string, (bench: Bench) => void> = {
  'does nothing before it is started, and starts once': ({ near, far, loop }) => {
    const target = new Uint8Array(near.receiver.maxReceiveSize);
    assert.equal(near.sender.sendBlob(Uint8Array.of(1)), false);
    assert.equal(near.sender.endSending(), false);
    assert.equal(near.sender.asyncEndSending(never), false);
    assert.equal(near.sender.autoPing(), false);
    assert.equal(near.receiver.asyncReceiveBlob(target, never), false);
    assert.equal(near.receiver.idleTimerRun(), false);
    assert.ok(near.sender.maxSendSize > 0 && near.sender.queuedBytes === 0, 'it can be asked, though');
    for (const object of new Set([near.sender, near.receiver, far.sender, far.receiver]))
      assert.equal(object.replaceEventWaitHandles(loop.createHandle), true);
    assert.equal(near.sender.startSendOps(loop.eventWait), true);
    assert.equal(near.sender.startSendOps(loop.eventWait), false);
    assert.equal(near.sender.replaceEventWaitHandles(loop.createHandle), false);
    assert.equal(near.receiver.startReceiveOps(loop.eventWait), true);
    assert.equal(near.receiver.startReceiveOps(loop.eventWait), false);
  },

  'a message that is there is the result; one that is not comes by the handler': ({
    near,
    far,
    start,
    until,
  }) => {
    start();
    const target = new Uint8Array(far.receiver.maxReceiveSize);
    near.sender.sendBlob(patterned(0, 100));
    near.sender.sendBlob(patterned(1, 200));
    assert.equal(far.receiver.asyncReceiveBlob(target, never), 100);
    assert.deepEqual(target.subarray(0, 100), patterned(0, 100));
    assert.equal(far.receiver.asyncReceiveBlob(target, never), 200);
    let came = 0;
    assert.equal(
      far.receiver.asyncReceiveBlob(target, (error, size) => {
        assert.equal(error, undefined);
        came = size;
      }),
      WOULD_BLOCK,
    );
    assert.equal(far.receiver.asyncReceiveBlob(target, never), false, 'one outstanding at a time');
    near.sender.sendBlob(patterned(2, 300));
    assert.equal(came, 0, 'only from within the loop');
    until(() => came > 0);
    assert.equal(came, 300);
    assert.deepEqual(target.subarray(0, 300), patterned(2, 300));
  },

  'a handler may receive again': ({ near, far, start, until }) => {
    start();
    const target = new Uint8Array(far.receiver.maxReceiveSize);
    let count = 0;
    const take = (size: number) => {
      assert.deepEqual(target.subarray(0, size), patterned(count, 1 + count * 10));
      count++;
    };
    const receive = () => {
      for (;;) {
        const result = far.receiver.asyncReceiveBlob(target, (error, size) => {
          assert.equal(error, undefined);
          take(size);
          receive();
        });
        if (result === WOULD_BLOCK || result === false) return;
        take(result);
      }
    };
    receive();
    for (let i = 0; i < 50; i++) {
      near.sender.sendBlob(patterned(i, 1 + i * 10));
      if (i % 7 === 0) until(() => count === i + 1);
    }
    until(() => count === 50);
  },

  'what the kernel does not take leaves later': ({ near, far, start, until }) => {
    start();
    const size = Math.min(near.sender.maxSendSize, 30_000);
    let sent = 0;
    while (near.sender.queuedBytes < 2 * size) near.sender.sendBlob(patterned(sent++, size));
    let ended = false;
    assert.equal(
      near.sender.asyncEndSending((error) => {
        assert.equal(error, undefined);
        ended = true;
      }),
      WOULD_BLOCK,
    );
    assert.equal(near.sender.asyncEndSending(never), false);
    assert.equal(near.sender.endSending(), false);
    assert.throws(() => near.sender.sendBlob(Uint8Array.of(1)), code(TransportError.SENDS_FINISHED));
    const target = new Uint8Array(far.receiver.maxReceiveSize);
    let late: FlowIpcError | undefined;
    let got = 0;
    let waiting = false;
    const receive = () => {
      const result = far.receiver.asyncReceiveBlob(target, (error) => {
        waiting = false;
        if (error) late = error;
        else got++;
      });
      if (result === WOULD_BLOCK) waiting = true;
      else got++;
    };
    until(() => {
      while (!waiting && got < sent) receive();
      return got === sent && ended;
    });
    assert.equal(late, undefined);
    let finished: FlowIpcError | undefined;
    try {
      const result = far.receiver.asyncReceiveBlob(target, (error) => {
        finished = error;
      });
      assert.equal(result, WOULD_BLOCK);
    } catch (err) {
      finished = err as FlowIpcError;
    }
    until(() => finished !== undefined);
    assert.equal(codeOf(finished), TransportError.RECEIVES_FINISHED);
    assert.throws(() => far.receiver.asyncReceiveBlob(target, never), code(TransportError.RECEIVES_FINISHED));
  },

  'an end that needs no waiting is a result': ({ near, start }) => {
    start();
    near.sender.sendBlob(Uint8Array.of(1));
    assert.equal(near.sender.asyncEndSending(never), true);
    assert.equal(near.sender.asyncEndSending(never), false);
  },

  'closing calls no handler': ({ near, far, loop, start }) => {
    start();
    const target = new Uint8Array(near.receiver.maxReceiveSize);
    assert.equal(near.receiver.asyncReceiveBlob(target, never), WOULD_BLOCK);
    const size = Math.min(near.sender.maxSendSize, 30_000);
    while (near.sender.queuedBytes < size) near.sender.sendBlob(patterned(0, size));
    assert.equal(near.sender.asyncEndSending(never), WOULD_BLOCK);
    near.sender.close();
    near.receiver.close();
    far.sender.close();
    far.receiver.close();
    loop.runOnce(20);
    assert.equal(near.sender.sendBlob(Uint8Array.of(1)), false);
    assert.equal(near.receiver.asyncReceiveBlob(target, never), false);
  },

  'timers are descriptors like any other': ({ near, far, loop, until }) => {
    const watched = new Set<number>();
    const eventWait: EventWaitFunc<EpollWatch> = (handle, direction, task) => {
      watched.add(handle.fd);
      loop.eventWait(handle, direction, task);
    };
    for (const object of new Set([near.sender, near.receiver, far.sender, far.receiver]))
      object.replaceEventWaitHandles(loop.createHandle);
    near.sender.startSendOps(eventWait);
    far.receiver.startReceiveOps(eventWait);
    far.sender.startSendOps(eventWait);
    near.receiver.startReceiveOps(eventWait);
    assert.equal(near.sender.autoPing(20), true);
    assert.equal(near.sender.autoPing(20), false);
    const target = new Uint8Array(far.receiver.maxReceiveSize);
    let failed: FlowIpcError | undefined;
    assert.equal(
      far.receiver.asyncReceiveBlob(target, (error) => (failed = error)),
      WOULD_BLOCK,
    );
    assert.equal(far.receiver.idleTimerRun(1000), true);
    assert.equal(far.receiver.idleTimerRun(1000), false);
    const start = performance.now();
    until(() => performance.now() - start > 1200);
    assert.equal(failed, undefined, 'pings keep it');
    assert.ok(watched.size >= 3, 'two timers and the pipe');
    assert.equal(near.sender.endSending(), true);
    until(() => failed !== undefined);
    assert.equal(codeOf(failed), TransportError.RECEIVES_FINISHED);
    let silent: FlowIpcError | undefined;
    assert.equal(
      near.receiver.asyncReceiveBlob(target, (error) => (silent = error)),
      WOULD_BLOCK,
    );
    near.receiver.idleTimerRun(50);
    until(() => silent !== undefined);
    assert.equal(codeOf(silent), TransportError.IDLE_TIMEOUT);
    assert.throws(() => near.receiver.asyncReceiveBlob(target, never), code(TransportError.IDLE_TIMEOUT));
  },

  'becomes its async twin before it is started, not after': ({ near, far, start }) => {
    const twin = near.sender.asyncIoObj();
    assert.equal(twin.maxSendSize, far.sender.maxSendSize);
    twin.close();
    near.receiver.close();
    start();
    assert.throws(() => far.sender.asyncIoObj());
  },
};

const underflow: Record<string, (bench: Bench) => void> = {
  true: ({ near, far, start, until }) => {
    start();
    near.sender.sendBlob(patterned(0, 10));
    near.sender.sendBlob(patterned(1, 11));
    near.sender.sendBlob(patterned(2, 1));
    const target = new Uint8Array(10);
    let error: FlowIpcError | undefined;
    let got = 0;
    until(() => {
      try {
        const result = far.receiver.asyncReceiveBlob(target, (late, size) => {
          error ??= late;
          got += size;
        });
        if (typeof result === 'number') got += result;
      } catch (err) {
        error = err as FlowIpcError;
      }
      return error !== undefined;
    });
    assert.equal(got, 10);
    assert.equal(codeOf(error), TransportError.EXCEEDS_USER_STORAGE);
    assert.throws(
      () => far.receiver.asyncReceiveBlob(target, never),
      code(TransportError.EXCEEDS_USER_STORAGE),
    );
  },
  false: ({ near, far, start, until }) => {
    start();
    const small = new Uint8Array(far.receiver.maxReceiveSize - 1);
    assert.throws(() => far.receiver.asyncReceiveBlob(small, never), code(TransportError.INVALID_ARGUMENT));
    near.sender.sendBlob(patterned(0, 10));
    const target = new Uint8Array(far.receiver.maxReceiveSize);
    let got = 0;
    until(() => {
      const result = far.receiver.asyncReceiveBlob(target, (_, size) => (got = size));
      if (typeof result === 'number') got = result;
      return got > 0;
    });
    assert.equal(got, 10, 'refusing harmed nothing');
  },
};

/** Defines a test for each rule of the sync_io pattern. */
export function syncIoCompliance({ test, makePair, underflowAllowed }: SyncIoComplianceOptions): void {
  const all = {
    ...cases,
    'too little room for a message is handled as the pipe says': underflow[String(underflowAllowed)]!,
  };
  for (const [name, run] of Object.entries(all)) {
    test(name, async () => {
      const before = held();
      const loop = new EpollEventLoop();
      const { near, far } = makePair();
      const objects = [...new Set([near.sender, near.receiver, far.sender, far.receiver])];
      const start = () => {
        for (const object of objects) object.replaceEventWaitHandles(loop.createHandle);
        for (const { sender, receiver } of [near, far]) {
          sender.startSendOps(loop.eventWait);
          receiver.startReceiveOps(loop.eventWait);
        }
      };
      const until = (condition: () => boolean) => {
        const deadline = performance.now() + 10_000;
        while (!condition()) {
          assert.ok(performance.now() < deadline, 'it does not come');
          loop.runOnce(50);
        }
      };
      try {
        run({ near, far, loop, start, until });
      } finally {
        for (const object of objects) object.close();
        loop.close();
      }
      await checkReleased(before);
    });
  }
}
