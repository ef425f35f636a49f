// A server that echoes on every channel, opens channels itself too, and tells what happens to its sessions.
import { SessionServer } from '@flow-ipc/session';
import { CLI, echo, SRV, talk, tell } from './universe.mjs';

const liveness = {
  pingPeriodMs: Number(process.env.TEST_PING ?? 2000),
  idleTimeoutMs: Number(process.env.TEST_IDLE ?? 5000),
};
const server = await SessionServer.create({ server: SRV, clients: [CLI], ...liveness });
tell('ready', { pid: process.pid });
process.on('message', async ({ exit }) => {
  if (exit === 'orderly') await server.close();
  process.exit(0);
});
const opens = Number(process.env.TEST_SERVER_OPENS ?? 1);

for await (const session of server.sessions({
  initChannels: () => opens,
  onRefused: (err) => tell('refused', { code: err.code }),
})) {
  const client = session.peer.pid;
  session.initHandlers({
    onPassiveOpen: (channel) => void echo(channel),
    onError: (err) => tell('lost', { code: err.code, client }),
  });
  tell('accepted', { client });
  for (const channel of session.channels) void echo(channel);
  if (opens > 0) void openToo(session);
}

/** Both sides open channels at the same time. */
async function openToo(session) {
  try {
    while (!session.error) {
      const channel = await session.openChannel();
      await talk(channel);
      channel.close();
    }
  } catch {
    // The session is lost, and has told.
  }
}
