// What a pipe must do below the channel: sinks, pausing, failing, gathering, and being waited for by a blocked caller.
import assert from 'node:assert/strict';
import type { PipePair } from '../channel.js';
import type { FrameSink } from '../transport.js';
import { FlowIpcError, TransportError } from '../util/errors.js';
import { waitForPipes } from '../wait-for-pipes.js';
import { checkReleased, held } from './leaks.js';
import { patterned } from './random.js';

export interface PipeComplianceOptions {
  /** What defines a test: `test` of node:test, `it` of vitest, … */
  test: (name: string, run: () => Promise<void>) => unknown;
  /** Two connected ends in this process, not started. The suite closes all four pipes. */
  makePair: () => Promise<{ near: PipePair; far: PipePair }> | { near: PipePair; far: PipePair };
}

/** A sink that keeps what it is given. */
class Collector implements FrameSink {
  readonly blobs: Uint8Array[] = [];
  error: FlowIpcError | undefined;
  onEach: (count: number) => void = () => {};

  onMessage(buffer: { bytes: Uint8Array }, offset: number, length: number): void {
    this.blobs.push(buffer.bytes.slice(offset, offset + length));
    this.onEach(this.blobs.length);
  }

  onEnd(error: FlowIpcError): void {
    assert.ok(!this.error, 'the end is told once');
    this.error = error;
  }

  async until(condition: () => boolean): Promise<void> {
    for (let i = 0; !condition(); i++) {
      assert.ok(i < 5000, 'it does not come');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

type Case = (near: PipePair, far: PipePair, sink: Collector) => Promise<void> | void;

const cases: Record<string, Case> = {
  'starts once, in each direction': (near, far, sink) => {
    assert.ok(near.sender.maxSendSize > 0);
    assert.equal(near.sender.maxSendSize, far.receiver.maxReceiveSize);
    assert.equal(near.sender.startSend(), true);
    assert.equal(near.sender.startSend(), false);
    assert.equal(far.receiver.startReceive(sink), true);
    assert.equal(far.receiver.startReceive(sink), false);
  },

  'pauses from the very next message on, also from within the sink': async (near, far, sink) => {
    sink.onEach = (count) => {
      if (count === 3) far.receiver.pauseReceive();
    };
    for (let i = 0; i < 6; i++) near.sender.send(patterned(i, 50));
    far.receiver.startReceive(sink);
    await sink.until(() => sink.blobs.length >= 3);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(sink.blobs.length, 3);
    far.receiver.resumeReceive();
    assert.equal(sink.blobs.length, 3, 'never from within resumeReceive()');
    await sink.until(() => sink.blobs.length === 6);
    for (const [i, blob] of sink.blobs.entries()) assert.deepEqual(blob, patterned(i, 50));
  },

  'started in pause it hands out nothing, and resumed at once what is there': async (near, far, sink) => {
    near.sender.send(patterned(0, 50));
    await near.sender.drained();
    far.receiver.startReceive(sink, true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(sink.blobs.length, 0);
    far.receiver.resumeReceiveNow();
    assert.equal(sink.blobs.length, 1);
  },

  'failed from outside it hands out nothing more, and sending goes on': async (near, far, sink) => {
    const error = new FlowIpcError(TransportError.GOT_NON_BLOB, 'test');
    sink.onEach = () => far.receiver.failReceive(error);
    for (let i = 0; i < 3; i++) near.sender.send(patterned(i, 50));
    far.receiver.startReceive(sink);
    await sink.until(() => sink.error !== undefined);
    assert.equal(sink.error, error);
    assert.equal(far.receiver.receiveError, error);
    assert.equal(sink.blobs.length, 1);
    const back = new Collector();
    near.receiver.startReceive(back);
    far.sender.send(patterned(9, 50));
    await back.until(() => back.blobs.length === 1);
  },

  'gathers while it is corked': async (near, far, sink) => {
    far.receiver.startReceive(sink);
    near.sender.startSend();
    await near.sender.drained();
    near.sender.cork();
    near.sender.cork();
    for (let i = 0; i < 3; i++) near.sender.send(patterned(i, 20));
    near.sender.uncork();
    assert.ok(near.sender.queuedBytes > 0);
    near.sender.uncork();
    await sink.until(() => sink.blobs.length === 3);
    assert.equal(near.sender.queuedBytes, 0);
  },

  'tells at once that nothing is queued, and later that all has left': async (near, far, sink) => {
    near.sender.startSend();
    await near.sender.drained();
    const told: unknown[] = [];
    near.sender.onceDrained((error) => told.push(error));
    assert.ok(told.length === 1 && told[0] === undefined);
    const size = Math.min(near.sender.maxSendSize, 20_000);
    for (let i = 0; near.sender.queuedBytes < size; i++) near.sender.send(patterned(i, size));
    near.sender.onceDrained((error) => told.push(error));
    assert.equal(told.length, 1);
    far.receiver.startReceive(sink);
    await sink.until(() => told.length === 2);
    assert.equal(near.sender.queuedBytes, 0);
  },

  'a blocked caller gets its messages from within its wait': (near, far, sink) => {
    far.receiver.startReceive(sink);
    near.sender.send(patterned(0, 100));
    near.sender.flush();
    for (let i = 0; i < 10 && sink.blobs.length === 0; i++) waitForPipes([far.receiver], 1000);
    assert.deepEqual(sink.blobs, [patterned(0, 100)]);
    const started = performance.now();
    waitForPipes([far.receiver], 30);
    waitForPipes([far.receiver, near.receiver], 30);
    assert.ok(performance.now() - started >= 29, 'waits when nothing comes');
    assert.equal(sink.blobs.length, 1);
  },

  'a blocked caller gets rid of what it has queued': (near, far, sink) => {
    far.receiver.startReceive(sink);
    const size = Math.min(near.sender.maxSendSize, 20_000);
    let count = 0;
    while (near.sender.queuedBytes < size) near.sender.send(patterned(count++, size));
    for (let i = 0; i < 10_000 && sink.blobs.length < count; i++)
      waitForPipes([near.sender, far.receiver], 100);
    assert.equal(near.sender.queuedBytes, 0);
    for (const [i, blob] of sink.blobs.entries()) assert.deepEqual(blob, patterned(i, size));
  },

  'counts what it did': async (near, far, sink) => {
    far.receiver.startReceive(sink);
    for (let i = 0; i < 5; i++) near.sender.send(patterned(i, 40));
    await sink.until(() => sink.blobs.length === 5);
    const { messagesSent, bytesSent, sendCalls, queuedBytes } = near.sender.sendCounters;
    assert.equal(messagesSent, 5);
    assert.ok(bytesSent >= 200 && sendCalls >= 1 && queuedBytes === 0);
    const { messagesReceived, bytesReceived, receiveCalls } = far.receiver.receiveCounters;
    assert.equal(messagesReceived, 5);
    assert.ok(bytesReceived >= 200 && receiveCalls >= 1);
  },

  'may be closed from within the sink': async (near, far, sink) => {
    sink.onEach = () => closeAll(near, far);
    for (let i = 0; i < 3; i++) near.sender.send(patterned(i, 50));
    far.receiver.startReceive(sink);
    await sink.until(() => sink.blobs.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(sink.blobs.length, 1);
    assert.ok(!sink.error, 'who closes knows');
    for (const pipe of [near.sender, far.receiver]) assert.equal(pipe.closed, true);
  },

  'ends sending once': async (near, far, sink) => {
    far.receiver.startReceive(sink);
    near.sender.send(patterned(0, 10));
    assert.equal(near.sender.endSending(), true);
    assert.equal(near.sender.endSending(), false);
    assert.equal(near.sender.autoPing(), false);
    await sink.until(() => sink.error !== undefined);
    assert.equal(sink.error?.code, TransportError.RECEIVES_FINISHED);
    assert.equal(sink.blobs.length, 1);
  },
};

/** Defines a test for each thing that a pipe must do beside what transportCompliance() looks at. */
export function pipeCompliance({ test, makePair }: PipeComplianceOptions): void {
  for (const [name, run] of Object.entries(cases)) {
    test(name, async () => {
      const before = held();
      const { near, far } = await makePair();
      try {
        await run(near, far, new Collector());
      } finally {
        closeAll(near, far);
      }
      await checkReleased(before);
    });
  }
}

function closeAll(...pairs: PipePair[]): void {
  for (const { sender, receiver } of pairs) {
    sender.close();
    receiver.close();
  }
}
