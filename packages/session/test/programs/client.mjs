// A client that opens channels and talks over them until it is killed, told to stop, or its server is gone. Then it
// connects again where TEST_RECONNECT says so.
import { ClientSession } from '@flow-ipc/session';
import { CLI, echo, SRV, talk, tell } from './universe.mjs';

const again = process.env.TEST_RECONNECT === '1';
let stop = false;
process.on('message', () => {
  stop = true;
});
tell('started');
do {
  let settled = 0;
  let pending = 0;
  let lost;
  const gone = new Promise((resolve) => {
    lost = resolve;
  });
  let session;
  try {
    session = await ClientSession.connect({
      client: CLI,
      server: SRV,
      channels: 1,
      retry: { minDelayMs: 5, maxDelayMs: 20 },
      onPassiveOpen: (channel) => void echo(channel),
      // Perhaps while connect() is about to return: whose session it was is known only then.
      onError: (err) => lost(err),
    });
  } catch (err) {
    tell('connect-failed', { code: err.code });
    if (again && /SYSTEM|EOF|RECEIVES_FINISHED|REFUSED|HOSED/.test(err.code)) continue;
    throw err;
  }
  const server = Number(session.scope.serverNamespace);
  tell('connected', { server });
  void gone.then((err) => tell('lost', { code: err.code, server }));
  for (const channel of session.channels) void echo(channel);
  // Channels outlive their session, and one to a process that is stopped would wait for ever: they go with it here.
  const open = new Set();
  void gone.then(() => {
    for (const channel of open) channel.close();
  });
  try {
    while (!stop) {
      // Several at once: each settles exactly once, whatever happens.
      const opening = Array.from({ length: 3 }, async () => {
        pending++;
        try {
          const channel = await session.openChannel();
          open.add(channel);
          await talk(channel);
          open.delete(channel);
          channel.close();
        } finally {
          settled++;
        }
      });
      const results = await Promise.allSettled(opening);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
      if (pending === 30) tell('busy');
    }
    await session.close();
    tell('done', { pending, settled });
    process.disconnect();
  } catch (err) {
    await gone;
    await session.close();
    tell('over', { code: err.code, pending, settled });
  }
} while (again && !stop);
