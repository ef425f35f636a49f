// A client of one user: one attempt to talk to a server of another, and how it went.
import { ClientSession } from '@flow-ipc/session';

process.umask(0o077);
const { server, client } = JSON.parse(process.env.TEST_APPS);
try {
  const session = await ClientSession.connect({ server, client, channels: 1 });
  session.channels[0].sendBlob(Buffer.from('hello'));
  const echo = Buffer.from(await session.channels[0].receiveBlob()).toString();
  const { uid, gid } = session.peer;
  process.send({ event: 'talked', echo, uid, gid });
  session.channels[0].close();
  await session.close();
} catch (err) {
  process.send({ event: 'failed', code: err.code, errno: err.errno, message: err.message });
}
process.disconnect();
