// A server of one user, for clients of others: takes sessions, echoes, and tells whom it saw.
import { SessionServer } from '@flow-ipc/session';

process.umask(Number(process.env.TEST_UMASK ?? 0o022));
const { server, client } = JSON.parse(process.env.TEST_APPS);
const sessions = await SessionServer.create({ server, clients: [client] });
process.send({ event: 'ready' });
for await (const session of sessions.sessions({
  onRefused: (err) => process.send({ event: 'refused', code: err.code }),
})) {
  const { pid, uid, gid } = session.peer;
  process.send({ event: 'accepted', pid, uid, gid });
  session.initHandlers({ onError: () => {} });
  for (const channel of session.channels) {
    channel.receiveBlob().then((blob) => channel.sendBlob(blob));
  }
}
