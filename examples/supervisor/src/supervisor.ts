import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ServerSession, SessionServer } from '@flow-ipc/session';
import { SUPERVISOR, WORKER } from './apps.js';
import { Body } from './generated/job.capnp.js';

const WORKERS = 2;
const workerScript = fileURLToPath(new URL('./worker.js', import.meta.url));
const jobs = Array.from({ length: 20 }, (_, i) => i + 1);
const results = new Map<number, number>();

const server = await SessionServer.create({ server: SUPERVISOR, clients: [WORKER] });
for (let i = 0; i < WORKERS; i++) startWorker();
for await (const session of server.sessions()) {
  void employ(session).catch((err) => console.log(`worker ${session.peer.pid}: ${err.code}`));
}

function startWorker(): void {
  const worker = spawn('node', [workerScript], { stdio: ['ignore', 'inherit', 'ignore'] });
  worker.once('exit', (code, signal) => {
    if (results.size === 20) return;
    console.log(`worker ${worker.pid} is gone (${signal ?? code}); starting another`);
    startWorker();
  });
}

/** Gives the worker one job after another. A job whose worker dies is not lost: it fails, and is given up. */
async function employ(session: ServerSession): Promise<void> {
  session.initHandlers({});
  const channel = session.structured(session.channels[0]!, Body);
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    const number = job;
    using request = channel.buildMsg((body) => {
      body.initJob().number = number;
    });
    try {
      using result = await channel.request(request);
      results.set(job, result.body.result.squareNumber);
    } catch (err) {
      results.set(job, Number.NaN);
      console.log(`job ${job} has failed`);
      throw err;
    } finally {
      if (results.size === 20) await finish();
    }
  }
}

async function finish(): Promise<void> {
  const good = [...results.values()].filter((square) => square > 0);
  console.log(`${good.length} of ${results.size} squares, sum ${good.reduce((a, b) => a + b)}`);
  await server.close();
  process.exit(0);
}
