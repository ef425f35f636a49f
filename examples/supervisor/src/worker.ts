import { setTimeout as sleep } from 'node:timers/promises';
import { ClientSession } from '@flow-ipc/session';
import { SUPERVISOR, WORKER } from './apps.js';
import { Body } from './generated/job.capnp.js';

const session = await ClientSession.connect({
  client: WORKER,
  server: SUPERVISOR,
  channels: 1,
  // Without its supervisor a worker has nothing to live for.
  onError: () => process.exit(1),
});
const channel = session.structured(session.channels[0]!, Body);
channel.expectMsgs('job', async (job) => {
  using _ = job;
  const { number } = job.body.job;
  if (number === 3) process.abort(); // A bug, to show what happens then.
  await sleep(50); // Hard work.
  using answer = channel.buildMsg((body) => {
    body.initResult().square = number * number;
  });
  channel.send(answer, job);
});
