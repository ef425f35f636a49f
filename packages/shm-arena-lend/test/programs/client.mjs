// Asks for files of all sizes and looks whether they are whole; holds on to some of them. TEST_RECONNECT: for ever.
import { ClientSession } from '@flow-ipc/shm-arena-lend';
import { Body, CLI, isWhole, patience, SRV, tell } from './universe.mjs';

let stop = false;
process.on('message', () => {
  stop = true;
});
const forever = process.env.TEST_RECONNECT === '1';
tell('started');
do {
  let lost;
  let session;
  try {
    session = await ClientSession.connect({
      client: CLI,
      server: SRV,
      channels: 1,
      retry: forever,
      ...patience,
      onError: (err) => {
        lost = err;
      },
    });
    tell('connected', { server: session.peer.pid });
    const channel = session.structured(session.channels[0], Body);
    const held = [];
    let asked = 0;
    const lane = async (n) => {
      while (!stop && !lost) {
        const size = Math.floor(2 ** (n * 2 + Math.random() * 10));
        const request = channel.buildMsg('get', (get) => {
          get.name = String(size);
        });
        const answered = channel.request(request);
        request.release();
        const response = await answered;
        const { data } = response.body.file;
        if (data.length !== size || !isWhole(data)) tell('damaged', { size });
        held.push(response);
        if (held.length > 20) held.shift().release();
        if (asked++ === 10) tell('busy');
      }
    };
    await Promise.all([0, 1, 2, 3, 4].map(lane));
    for (const response of held) {
      if (!isWhole(response.body.file.data)) tell('damaged', { size: response.body.file.data.length });
      response.release();
    }
  } catch (err) {
    if (!/^ERR_FLOW_IPC/.test(err.code ?? '')) throw err;
    tell('lost', { code: lost?.code ?? err.code });
  } finally {
    await session?.close();
  }
} while (forever && !stop);
tell('done');
process.disconnect();
