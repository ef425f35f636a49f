// A client that computes, and does nothing else, for as long as it is told; then it talks as if nothing had been.
import { ClientSession } from '@flow-ipc/session';
import { CLI, SRV, talk, tell } from './universe.mjs';

const session = await ClientSession.connect({
  client: CLI,
  server: SRV,
  pingPeriodMs: Number(process.env.TEST_PING),
  idleTimeoutMs: Number(process.env.TEST_IDLE),
  onError: (err) => tell('lost', { code: err.code }),
});
tell('connected');
const end = performance.now() + Number(process.env.TEST_BUSY);
let turns = 0;
while (performance.now() < end) turns++;
tell('computed', { turns });
const channel = await session.openChannel();
await talk(channel);
channel.close();
await session.close();
tell('done');
process.disconnect();
