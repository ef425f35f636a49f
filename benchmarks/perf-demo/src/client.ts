// The client process: opens the session, requests the file shot by shot, checks every response.
import * as classicSocket from './classic-socket.js';
import { liveWithCommand, orders, readJob, report } from './control.js';
import { ownBytes, residentBytes } from './memory.js';
import { CLIENT, server } from './universe.js';
import * as zeroCopy from './zero-copy.js';

const job = readJob();
const leave = liveWithCommand(async () => {});
const told = orders();
const { request } = job.technique === 'classic-socket' ? classicSocket : zeroCopy;
const { ClientSession } =
  job.technique === 'shm-jemalloc' ? await import('@flow-ipc/shm-arena-lend') : await import('@flow-ipc/shm');

const rssBefore = residentBytes();
const session = await ClientSession.connect({ client: CLIENT, server: server(job.runDir) });
report({ type: 'open', memory: { rssBefore, rssAfter: residentBytes() } });

let ownPeak = 0;
await request(session, {
  ...job,
  onShot: (rttUs) => report({ type: 'shot', rttUs }),
  async onVerified({ chunks, digest }) {
    // Now, with the response still held, is when the process holds most.
    ownPeak = Math.max(ownPeak, ownBytes());
    report({ type: 'verified', chunks, ...(digest !== undefined && { digest }) });
    await told.next('next');
  },
});
report({ type: 'done', ownPeak });
await told.next('leave');
for (const channel of session.channels) channel.close();
await session.close();
leave();
