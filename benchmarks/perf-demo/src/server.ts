// The server process: pre-loads one file, lets one client open a session, answers its requests.
import * as classicSocket from './classic-socket.js';
import { liveWithCommand, orders, readJob, report } from './control.js';
import { realFileSource, syntheticSource } from './file-source.js';
import { ownBytes, residentBytes, sharedMemoryUsed } from './memory.js';
import { CHANNELS, CLIENT, server as serverApp } from './universe.js';
import * as zeroCopy from './zero-copy.js';

/** Beyond the file: allocator's books, messages of the session's own. In MiB. */
const POOL_SLACK_MI = 64;

const job = readJob();
const told = orders();
const { serve } = job.technique === 'classic-socket' ? classicSocket : zeroCopy;
// All that differs between the two kinds of shared memory.
const { SessionServer } =
  job.technique === 'shm-jemalloc' ? await import('@flow-ipc/shm-arena-lend') : await import('@flow-ipc/shm');
await using source = job.file === undefined ? syntheticSource(job.size) : await realFileSource(job.file);
let finished = false;

const rssBefore = residentBytes();
const shmBefore = sharedMemoryUsed();
const options = {
  server: serverApp(job.runDir),
  clients: [CLIENT],
  // SHM-jemalloc's pools come as they are needed.
  poolSizeLimitMi: Math.max(2048, Math.ceil(job.size / 2 ** 20) + POOL_SLACK_MI),
};
const server = await SessionServer.create(options);
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
