import { readFileSync } from 'node:fs';
import { SessionServer } from '@flow-ipc/shm';
import { CACHE, READER } from './apps.js';
import { Body } from './generated/cache.capnp.js';

const server = await SessionServer.create({ server: CACHE, clients: [READER] });
console.log('cache is ready');
for await (const session of server.sessions()) {
  session.initHandlers({ onError: () => session.close() });
  const channel = session.structured(session.channels[0]!, Body);
  channel.expectMsgs('get', (request) => {
    using _ = request;
    using response = channel.createMsg(); // lives in shared memory
    response.body.initFile().data = readFileSync(request.body.get.name);
    channel.send(response, request);
  });
}
