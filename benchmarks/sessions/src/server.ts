// The process at the other end: a server of each kind. On demand it opens a channel and tells how long that took.
import { apps, KIND_NAMES, KINDS, type Kind, type ServerJob } from './kinds.js';

const { pid, argv0, runDir } = JSON.parse(process.argv[2]!) as ServerJob;
const { client, servers } = apps(pid, argv0, runDir);
type Opener = { openChannel(): Promise<{ close(): void }> };
const current = new Map<Kind, Opener>();

for (const kind of KIND_NAMES) {
  const server = await KINDS[kind].SessionServer.create({ server: servers[kind], clients: [client] });
  void (async () => {
    for await (const session of server.sessions()) {
      session.initHandlers({
        onPassiveOpen: (channel) => channel.close(),
        onError: () => void session.close(),
      });
      current.set(kind, session);
    }
  })();
  process.once('exit', () => void server.close());
}

/** Microseconds. */
async function open(kind: Kind): Promise<number> {
  const start = performance.now();
  const channel = await current.get(kind)!.openChannel();
  const us = (performance.now() - start) * 1000;
  channel.close();
  return us;
}

process.on('message', (kind: Kind) => void open(kind).then((us) => process.send!(us)));
process.on('disconnect', () => process.exit());
process.send!('ready');
