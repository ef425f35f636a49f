// Opens sessions one after the other, and blocks in each as soon as it is there, without a turn of the event loop.
import { ClientSession } from '@flow-ipc/shm-arena-lend';
import { Body, CLI, isWhole, patience, SRV, tell } from './universe.mjs';

let longest = 0;
for (let i = 0; i < Number(process.env.TEST_SESSIONS); i++) {
  const session = await ClientSession.connect({ client: CLI, server: SRV, channels: 1, ...patience });
  const channel = session.structured(session.channels[0], Body);
  const start = performance.now();
  // Every size makes the server's arena grow, by a pool now and then, while nobody but this call can answer for it.
  for (const size of [1, 100_000, 5_000_000]) {
    const request = channel.buildMsg('get', (get) => {
      get.name = String(size);
    });
    const response = channel.syncRequest(request, { timeoutMs: 20_000 });
    request.release();
    if (!isWhole(response.body.file.data)) tell('damaged', { size });
    response.release();
  }
  longest = Math.max(longest, performance.now() - start);
  await session.close();
}
tell('done', { longest });
process.disconnect();
