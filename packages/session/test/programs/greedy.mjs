// Opens channels until there are no descriptors left, as client (active or passive) or as server; then goes on.
import { readdirSync } from 'node:fs';
import { ClientSession, SessionServer } from '@flow-ipc/session';
import { CLI, echo, SRV, talk, tell } from './universe.mjs';

const [role, active] = process.env.TEST_GREEDY.split(':');
const taken = [];
let echoing = false;
const handlers = {
  onPassiveOpen: (channel) => {
    if (echoing) void echo(channel);
    else taken.push(channel);
  },
  onError: (err) => tell('lost', { code: err.code }),
};
let session;
if (role === 'client') {
  session = await ClientSession.connect({ client: CLI, server: SRV, retry: true, ...handlers });
} else {
  const server = await SessionServer.create({ server: SRV, clients: [CLI] });
  session = await server.accept();
  session.initHandlers(handlers);
}
// One's own limit, or that of a peer with room, shows what the other side's is.
tell('open', { descriptors: readdirSync('/proc/self/fd').length });
process.on('message', ({ order }) => {
  if (order === 'echo') {
    echoing = true;
    for (const channel of taken.splice(0)) channel.close();
    tell('echoing');
  }
  if (order === 'talk') void again();
});
const opened = [];
if (active === 'active') {
  try {
    for (;;) opened.push(await session.openChannel());
  } catch (err) {
    tell('full', { code: err.code, channels: opened.length });
  }
}

async function again() {
  for (const channel of opened.splice(0)) channel.close();
  // What was closed at the other end needs a moment to be noticed here.
  for (let i = 0; i < 10; i++) {
    const channel = await session.openChannel();
    await talk(channel);
    channel.close();
  }
  tell('talked', { counters: session.counters });
}
