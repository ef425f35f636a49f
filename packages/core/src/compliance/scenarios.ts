// What every transport must do: sizes, order, queueing, ends, pings, silence, closing, descriptors, chance.
import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dupFd } from '@flow-ipc/native';
import { TransportError } from '../util/errors.js';
import { NativeHandle } from '../util/native-handle.js';
import type { End } from './end.js';
import { patterned, randomFrom } from './random.js';
import type { Scenario } from './scenario.js';

const code = (expected: string) => (err: unknown) => {
  assert.equal((err as { code?: string }).code, expected, `not ${expected} but ${err}`);
  return true;
};
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

function assertSame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert.equal(actual.length, expected.length, `length of ${what}`);
  assert.equal(Buffer.compare(actual, expected), 0, `content of ${what}`);
}

/** Both ends end: what came after the last message is the peer's end marker. */
async function endBoth(end: End): Promise<void> {
  await end.endSending();
  await assert.rejects(end.receiveBlob(), code(TransportError.RECEIVES_FINISHED));
}

/** Sends back blobs until the peer ends. */
async function echo(end: End): Promise<void> {
  for (;;) {
    let blob: Uint8Array;
    try {
      blob = await end.receiveBlob();
    } catch (err) {
      code(TransportError.RECEIVES_FINISHED)(err);
      await end.endSending();
      return;
    }
    end.sendBlob(blob);
  }
}

/** Edges of the framing and of the copies inside, as far as the transport goes. */
function edgeSizes(max: number): number[] {
  const sizes = [
    1, 2, 3, 7, 8, 255, 256, 512, 2046, 2047, 2048, 2049, 4096, 8191, 8192, 16_383, 16_384, 16_385,
  ];
  return [...new Set([...sizes, 32_768, 65_533, max - 1, max])].filter((size) => size >= 1 && size <= max);
}

/** A file that no name leads to, holding the text. */
function fileWith(text: string): NativeHandle {
  const path = join(tmpdir(), `flow-ipc-compliance-${process.pid}-${Math.random().toString(36).slice(2)}`);
  const fd = openSync(path, 'wx+');
  unlinkSync(path);
  writeSync(fd, text, 0);
  // In a worker Node keeps account of what node:fs opened, and wants it closed by node:fs.
  const handle = new NativeHandle(dupFd(fd));
  closeSync(fd);
  return handle;
}

function textIn(handle: NativeHandle | null): string {
  assert.ok(handle, 'a descriptor came');
  const bytes = Buffer.alloc(64);
  const n = readSync(handle.fd, bytes, 0, bytes.length, 0);
  handle.close();
  return bytes.toString('utf8', 0, n);
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'messages of every size arrive whole, in order',
    async near(end) {
      const sizes = edgeSizes(end.maxBlobSize);
      for (const [i, size] of sizes.entries()) {
        end.sendBlob(patterned(i, size));
        assertSame(await end.receiveBlob(), patterned(i, size), `message ${i} sent back`);
      }
      for (const [i, size] of sizes.entries()) end.sendBlob(patterned(i, size));
      for (const [i, size] of sizes.entries())
        assertSame(await end.receiveBlob(), patterned(i, size), `message ${i} of many`);
      await endBoth(end);
    },
    far: echo,
  },
  {
    name: 'what is empty or too long is refused, and all goes on',
    async near(end) {
      assert.throws(() => end.sendBlob(new Uint8Array(0)), code(TransportError.INVALID_ARGUMENT));
      assert.throws(
        () => end.sendBlob(new Uint8Array(end.maxBlobSize + 1)),
        code(TransportError.INVALID_ARGUMENT),
      );
      end.sendBlob(Uint8Array.of(7));
      assertSame(await end.receiveBlob(), Uint8Array.of(7), 'the message after');
      await endBoth(end);
    },
    far: echo,
  },
  {
    name: 'sends never block: what the kernel does not take waits, and leaves in order',
    async near(end) {
      const size = Math.min(end.maxBlobSize, 30_000);
      const blob = new Uint8Array(size);
      let count = 0;
      // The far end reads nothing before it is told to.
      while (end.queuedBytes < 3 * size) {
        blob.set(patterned(count, size));
        end.sendBlob(blob);
        assert.ok(++count < 10_000, 'the kernel takes everything');
      }
      blob.fill(0); // The bytes are the sender's again once send has returned.
      end.sendBlob(Uint8Array.of(1));
      await end.drained();
      assert.equal(end.queuedBytes, 0);
      const answer = await end.receiveBlob();
      assert.equal(Buffer.from(answer).readUInt32LE(), count);
      await endBoth(end);
    },
    async far(end) {
      await pause(100);
      let count = 0;
      for (let blob = await end.receiveBlob(); blob.length > 1; blob = await end.receiveBlob()) {
        assertSame(blob, patterned(count, blob.length), `message ${count}`);
        count++;
      }
      const answer = Buffer.alloc(4);
      answer.writeUInt32LE(count);
      end.sendBlob(answer);
      await endBoth(end);
    },
  },
  {
    name: 'both directions are independent of each other',
    near: (end, { seed }) => flood(end, seed, 1),
    far: (end, { seed }) => flood(end, seed, 2),
  },
  {
    name: 'an orderly end comes after everything, once, and leaves the other direction open',
    async near(end) {
      for (let i = 0; i < 200; i++) end.sendBlob(patterned(i, 1 + i * 3));
      await end.endSending();
      assert.throws(() => end.sendBlob(Uint8Array.of(1)), code(TransportError.SENDS_FINISHED));
      for (let i = 0; i < 3; i++)
        assertSame(await end.receiveBlob(), patterned(i, 10), 'what the other side still sends');
      await assert.rejects(end.receiveBlob(), code(TransportError.RECEIVES_FINISHED));
    },
    async far(end) {
      for (let i = 0; i < 200; i++)
        assertSame(await end.receiveBlob(), patterned(i, 1 + i * 3), `message ${i}`);
      for (let i = 0; i < 3; i++)
        await assert.rejects(end.receiveBlob(), code(TransportError.RECEIVES_FINISHED));
      for (let i = 0; i < 3; i++) end.sendBlob(patterned(i, 10));
      await end.endSending();
    },
  },
  {
    name: 'pings are not messages, and keep a quiet peer from being given up',
    async near(end) {
      assert.equal(end.autoPing(25), true);
      assert.equal(end.autoPing(25), false);
      await pause(900);
      end.sendBlob(Uint8Array.of(5));
      await endBoth(end);
    },
    async far(end) {
      const waiting = end.receiveBlob();
      assert.equal(end.idleTimerRun(700), true);
      assert.equal(end.idleTimerRun(700), false);
      assertSame(await waiting, Uint8Array.of(5), 'the only message');
      await endBoth(end);
    },
  },
  {
    name: 'silence is noticed, and ends receiving only',
    async near(end) {
      const waiting = end.receiveBlob();
      assert.equal(end.idleTimerRun(150), true);
      await assert.rejects(waiting, code(TransportError.IDLE_TIMEOUT));
      await assert.rejects(end.receiveBlob(), code(TransportError.IDLE_TIMEOUT));
      end.sendBlob(Uint8Array.of(6));
      await end.endSending();
    },
    async far(end) {
      assertSame(await end.receiveBlob(), Uint8Array.of(6), 'the message');
      await assert.rejects(end.receiveBlob(), code(TransportError.RECEIVES_FINISHED));
    },
  },
  {
    name: 'closing ends what waits',
    async near(end) {
      end.sendBlob(Uint8Array.of(1));
      assertSame(await end.receiveBlob(), Uint8Array.of(1), 'the message');
      const waiting = end.receiveBlob();
      const alsoWaiting = end.receiveBlob();
      end.close();
      for (const receive of [waiting, alsoWaiting, end.receiveBlob()])
        await assert.rejects(receive, code(TransportError.CLOSED));
      assert.throws(() => end.sendBlob(Uint8Array.of(1)));
      end.close();
    },
    async far(end) {
      end.sendBlob(await end.receiveBlob());
    },
  },
  {
    name: 'a peer that is gone is noticed after all that it sent',
    needs: ({ noticesPeerClose }) => noticesPeerClose,
    async near(end) {
      for (let i = 0; i < 20; i++) assertSame(await end.receiveBlob(), patterned(i, 100), `message ${i}`);
      await assert.rejects(end.receiveBlob(), code(TransportError.EOF));
      assert.throws(() => end.sendBlob(Uint8Array.of(1)), code(TransportError.HOSED_CANNOT_SEND));
    },
    async far(end) {
      for (let i = 0; i < 20; i++) end.sendBlob(patterned(i, 100));
      await end.drained();
      end.close();
    },
  },
  {
    name: 'no descriptor leaves on a pipe for blobs',
    needs: ({ handles }) => !handles,
    async near(end) {
      const file = fileWith('x');
      assert.throws(
        () => end.sendNativeHandle(file, Uint8Array.of(1)),
        code(TransportError.INVALID_ARGUMENT),
      );
      file.close();
      await endBoth(end);
    },
    far: echo,
  },
  {
    name: 'descriptors arrive with the message they were sent with, also when the sender has closed its own',
    needs: ({ handles }) => handles,
    async near(end) {
      for (let i = 0; i < 30; i++) {
        const file = fileWith(`file ${i}`);
        end.sendNativeHandle(file, i % 3 === 0 ? null : patterned(i, 1 + i * 700));
        file.close();
      }
      const { blob, handle } = await end.receive();
      assert.equal(blob.length, 1);
      assert.equal(textIn(handle), 'done');
      await end.endSending();
    },
    async far(end) {
      await pause(50);
      for (let i = 0; i < 30; i++) {
        const { blob, handle } = await end.receive();
        assert.equal(textIn(handle), `file ${i}`);
        assertSame(blob, i % 3 === 0 ? new Uint8Array(0) : patterned(i, 1 + i * 700), `message ${i}`);
      }
      const file = fileWith('done');
      end.sendNativeHandle(file, Uint8Array.of(1));
      file.close();
      await assert.rejects(end.receive(), code(TransportError.RECEIVES_FINISHED));
    },
  },
  {
    name: 'a descriptor where a blob was asked for ends receiving, and nothing later is handed out',
    needs: ({ handles, onePipe }) => handles && onePipe,
    async near(end) {
      const file = fileWith('surprise');
      end.sendBlob(Uint8Array.of(1));
      end.sendNativeHandle(file, Uint8Array.of(2));
      end.sendBlob(Uint8Array.of(3));
      end.sendNativeHandle(file, Uint8Array.of(4));
      file.close();
      assertSame(await end.receiveBlob(), Uint8Array.of(9), 'the other direction goes on');
      // Whoever closes before the end marker has come makes its sending fail.
      await assert.rejects(end.receiveBlob(), code(TransportError.RECEIVES_FINISHED));
    },
    async far(end) {
      assertSame(await end.receiveBlob(), Uint8Array.of(1), 'the blob before');
      for (let i = 0; i < 3; i++) await assert.rejects(end.receiveBlob(), code(TransportError.GOT_NON_BLOB));
      end.sendBlob(Uint8Array.of(9));
      await end.endSending();
    },
  },
  {
    name: 'any traffic arrives as it was sent',
    near: (end, { seed, features }) => chance(end, seed, 1, features.handles && features.onePipe),
    far: (end, { seed, features }) => chance(end, seed, 2, features.handles && features.onePipe),
  },
  {
    name: 'an end that closes in the midst of traffic harms nobody',
    async near(end, { seed }) {
      const random = randomFrom(seed);
      const stop = 1 + random.below(40);
      try {
        for (let i = 0; i < stop; i++) end.sendBlob(patterned(i, 1 + random.below(end.maxBlobSize)));
        if (random.below(2) === 0) await end.receiveBlob();
      } catch (err) {
        mayBeLost(err);
      }
      end.close();
    },
    async far(end, { seed, features }) {
      const random = randomFrom(seed + 1);
      end.idleTimerRun(features.noticesPeerClose ? 60_000 : 300);
      try {
        for (let i = 0; ; i++) {
          end.sendBlob(patterned(i, 1 + random.below(end.maxBlobSize)));
          await end.receiveBlob();
        }
      } catch (err) {
        mayBeLost(err);
      }
    },
  },
];

function mayBeLost(err: unknown): void {
  const allowed: string[] = [
    TransportError.EOF,
    TransportError.SYSTEM,
    TransportError.HOSED_CANNOT_SEND,
    TransportError.HOSED_CANNOT_RECEIVE,
    TransportError.IDLE_TIMEOUT,
  ];
  assert.ok(allowed.includes((err as { code: string }).code), `unexpected: ${err}`);
}

/** Both ends send without waiting, then read what the other sent. */
async function flood(end: End, seed: number, side: number): Promise<void> {
  const sizes = (of: number) => {
    const random = randomFrom(seed * 7 + of);
    return Array.from({ length: 150 }, () => 1 + random.below(Math.min(end.maxBlobSize, 9000)));
  };
  for (const [i, size] of sizes(side).entries()) end.sendBlob(patterned(i, size));
  const ended = end.endSending();
  for (const [i, size] of sizes(3 - side).entries())
    assertSame(await end.receiveBlob(), patterned(i, size), `message ${i}`);
  await assert.rejects(end.receiveBlob(), code(TransportError.RECEIVES_FINISHED));
  await ended;
}

/** Bursts and pauses, receives between sends, descriptors here and there: each side knows what the other will send. */
async function chance(end: End, seed: number, side: number, handles: boolean): Promise<void> {
  const plan = (of: number) => {
    const random = randomFrom(seed * 31 + of);
    return Array.from({ length: 1 + random.below(120) }, (_, i) => {
      const limits = [4, 300, 5000, end.maxBlobSize];
      const size = 1 + random.below(limits[random.below(4)]!);
      return {
        i,
        size: Math.min(size, end.maxBlobSize),
        handle: handles && random.below(8) === 0,
        wait: random.below(12),
      };
    });
  };
  const sending = (async () => {
    for (const { i, size, handle, wait } of plan(side)) {
      if (handle) {
        const file = fileWith(`file ${i}`);
        end.sendNativeHandle(file, patterned(i, size));
        file.close();
      } else {
        end.sendBlob(patterned(i, size));
      }
      if (wait === 0) await pause(1);
      if (wait === 1) await Promise.resolve();
    }
    await end.endSending();
  })();
  const receiving = (async () => {
    for (const { i, size, handle, wait } of plan(3 - side)) {
      if (wait === 2) await pause(1);
      const message = handles ? await end.receive() : { blob: await end.receiveBlob(), handle: null };
      assertSame(message.blob, patterned(i, size), `message ${i} (seed ${seed})`);
      if (handle) assert.equal(textIn(message.handle), `file ${i}`);
      else assert.equal(message.handle, null);
    }
    await assert.rejects(handles ? end.receive() : end.receiveBlob(), code(TransportError.RECEIVES_FINISHED));
  })();
  await Promise.all([sending, receiving]);
}
