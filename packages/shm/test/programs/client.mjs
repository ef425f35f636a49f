// A client that asks for files, one after another until it is told to stop (or killed).
import { ClientSession } from '@flow-ipc/shm';
import { Body, CLI, SRV, tell } from './universe.mjs';

const blocking = process.env.TEST_SYNC === '1';
const session = await ClientSession.connect({
  client: CLI,
  server: SRV,
  channels: 1,
  onError: (err) => tell('lost', { code: err.code }),
});
const channel = session.structured(session.channels[0], Body);
tell('connected');
let stop = false;
process.on('message', () => (stop = true));
let count = 0;
try {
  for (; !stop; count++) {
    const size = 1 + ((count * 7919) % 500_000);
    const request = channel.buildMsg((body) => (body.initGet().name = String(size)));
    const response = blocking ? channel.syncRequest(request) : await channel.request(request);
    const { data } = response.body.file;
    if (data.length !== size || data[0] !== size % 251 || data[size - 1] !== size % 251)
      throw new Error(`wrong file of ${size}`);
    response.release();
    request.release();
    if (count === 20) tell('busy');
    if (blocking && count % 50 === 0) await new Promise(setImmediate);
  }
  await session.close();
  tell('done', { count });
  process.disconnect();
} catch (err) {
  tell('request-failed', { code: err.code, message: err.message });
}
