// A loop of one's own: the server lives in a worker thread that never returns to Node's event loop (worker.ts), the
// client blocks this thread while it waits.
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { EpollEventLoop, type EpollWatch, NativeSocketStream, WOULD_BLOCK } from '@flow-ipc/core/sync-io';

const name = `flowipc_example_loop_${process.pid}`;
const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: { name, clients: 2 } });
const exited = new Promise((resolve) => worker.once('exit', resolve));

/** A connection, as soon as there is someone to connect to. */
async function connect(): Promise<NativeSocketStream<EpollWatch>> {
  const stream = new NativeSocketStream<EpollWatch>();
  for (let tries = 0; ; tries++) {
    try {
      stream.syncConnect(name);
      return stream;
    } catch (err) {
      if (tries === 500) throw err;
      await sleep(10);
    }
  }
}

using loop = new EpollEventLoop();
const target = Buffer.alloc(65_534);

/** Sends a word and blocks until the answer is there. */
function ask(stream: NativeSocketStream<EpollWatch>, word: string): string {
  stream.sendBlob(Buffer.from(word));
  let size = stream.asyncReceiveBlob(target, (error, late) => {
    if (error) throw error;
    size = late;
  });
  while (size === WOULD_BLOCK) loop.runOnce();
  return target.toString('utf8', 0, size as number);
}

for (let i = 0; i < 2; i++) {
  using stream = await connect();
  stream.replaceEventWaitHandles(loop.createHandle);
  stream.startSendOps(loop.eventWait);
  stream.startReceiveOps(loop.eventWait);
  for (const word of ['one', 'two', 'three']) console.log(`${word} -> ${ask(stream, word)}`);
  stream.endSending();
}
await exited;
