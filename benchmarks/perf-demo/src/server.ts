// The server process: pre-loads one file, lets one client open a session, answers its requests.
import { SessionServer } from '@flow-ipc/shm';
import * as classicSocket from './classic-socket.js';
import { liveWithCommand, orders, readJob, report } from './control.js';
import { realFileSource, syntheticSource } from './file-source.js';
import { ownBytes, residentBytes, sharedMemoryUsed } from './memory.js';
import * as shmClassic from './shm-classic.js';
import { CHANNELS, CLIENT, server as serverApp } from './universe.js';

/** Beyond the file: allocator's books, messages of the session's own. In MiB. */
const POOL_SLACK_MI = 64;

const job = readJob();
const told = orders();
const serve = { 'classic-socket': classicSocket, 'shm-classic': shmClassic }[job.technique].serve;
await using source = job.file === undefined ? syntheticSource(job.size) : await realFileSource(job.file);
let finished = false;

const rssBefore = residentBytes();
const shmBefore = sharedMemoryUsed();
const server = await SessionServer.create({
  server: serverApp(job.runDir),
  clients: [CLIENT],
  poolSizeLimitMi: Math.max(2048, Math.ceil(job.size / 2 ** 20) + POOL_SLACK_MI),
});
const leave = liveWithCommand(() => server.close());
report({ type: 'listening' });
const session = await server.accept({ initChannels: () => CHANNELS });
session.initHandlers({
  onError(error) {
    // The client leaves when it has all it wanted; before that it is a fault.
    if (!finished) throw error;
  },
});
report({
  type: 'open',
  memory: { rssBefore, rssAfter: residentBytes() },
  shmBefore,
  shmOpen: sharedMemoryUsed(),
});

await serve(session, {
  ...job,
  source,
  onServing: () => report({ type: 'serving', shmServing: sharedMemoryUsed() }),
});
await told.next('finish');
finished = true;
report({ type: 'done', ownPeak: ownBytes() });
await told.next('leave');
for (const channel of session.channels) channel.close();
await session.close();
await server.close();
leave();
