// Opens and closes sessions with a channel, one after another, and tells what each round has cost.
import { readdirSync } from 'node:fs';
import { ClientSession } from '@flow-ipc/session';
import { CLI, SRV, talk, tell } from './universe.mjs';

const total = Number(process.env.TEST_CYCLES);
const [warmUp, step] = [Math.floor(total / 5), Math.floor(total / 10)];
for (let i = 1; i <= total; i++) {
  const session = await ClientSession.connect({ client: CLI, server: SRV, channels: 1 });
  const channel = await session.openChannel();
  await talk(channel, 1);
  channel.close();
  for (const other of session.channels) other.close();
  await session.close();
  if (i >= warmUp && i % step === 0) {
    await new Promise(setImmediate);
    globalThis.gc();
    tell('cycle', {
      i,
      descriptors: readdirSync('/proc/self/fd').length,
      heap: process.memoryUsage().heapUsed,
    });
  }
}
tell('done');
process.disconnect();
