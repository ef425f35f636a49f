// What the programs of the process tests share: the apps, named by the test that starts them.
import diagnostics from 'node:diagnostics_channel';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const me = { execPath: 'node', uid: process.geteuid(), gid: process.getegid() };
export const CLI = { name: 'cli', ...me, execPath: process.env.TEST_CLI_EXEC ?? me.execPath };
export const SRV = {
  name: process.env.TEST_APP,
  ...me,
  allowedClients: ['cli'],
  runDir: process.env.TEST_RUN_DIR,
};

const delays = monitorEventLoopDelay({ resolution: 5 });
delays.enable();

/**
 * Tells the test, with the time on the machine's clock and how long this process was kept from its event loop at most, in
 * microseconds.
 */
export const tell = (event, data = {}) =>
  process.connected &&
  process.send({ event, at: Number(process.hrtime.bigint() / 1000n), stalled: delays.max / 1000, ...data });

/** TEST_DIE_AT=<role>:<step>: kill -9 of oneself at that step of opening a session. */
const [role, step] = (process.env.TEST_DIE_AT ?? '').split(':');
if (step) {
  diagnostics.subscribe('flow-ipc:session:step', (event) => {
    if (event.role === role && event.step === step) process.kill(process.pid, 'SIGKILL');
  });
}

/** Sends back what comes, until the peer ends or is gone. */
export async function echo(channel) {
  try {
    for await (const blob of channel.blobs()) channel.sendBlob(blob);
  } catch {
    // The peer is gone: the session tells.
  }
  channel.close();
}

/** A few round trips, whose content is checked. */
export async function talk(channel, rounds = 3) {
  for (let i = 0; i < rounds; i++) {
    const blob = Buffer.alloc(1 + ((i * 7919) % 20_000), i);
    channel.sendBlob(blob);
    const back = await channel.receiveBlob();
    if (!blob.equals(back)) throw new Error('another blob came back');
  }
}
