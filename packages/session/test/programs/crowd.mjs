// Many sessions at once from one process, each with channels that are talked over.
import { ClientSession } from '@flow-ipc/session';
import { CLI, SRV, talk, tell } from './universe.mjs';

const opening = Array.from({ length: Number(process.env.TEST_SESSIONS) }, async () => {
  const session = await ClientSession.connect({ client: CLI, server: SRV, channels: 1, retry: true });
  const opened = await Promise.all([session.openChannel(), session.openChannel()]);
  await Promise.all(opened.map((channel) => talk(channel, 20)));
  return { session, channels: [...session.channels, ...opened] };
});
const open = await Promise.all(opening);
tell('open', { namespaces: open.map(({ session }) => session.scope.clientNamespace) });
process.on('message', async () => {
  for (const { session, channels } of open) {
    for (const channel of channels) channel.close();
    await session.close();
  }
  tell('done');
  process.disconnect();
});
