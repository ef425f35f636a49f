// The command: interleaved rounds of all kinds of sessions, then a table, or with --json one object a line.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guardName } from '@flow-ipc/session';
import { compileFloor } from './floor.js';
import { apps, KIND_NAMES, KINDS, type Kind, type ServerJob } from './kinds.js';
import { linesOf } from './report.js';

const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 30 : 300;
const WARM_UP = quick ? 10 : 100;
const FLOOR = 'C: connect, one round trip';

const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-bench-'));
const job: ServerJob = { pid: process.pid, argv0: process.argv0, runDir };
const { client, servers } = apps(job.pid, job.argv0, runDir);
process.once('exit', () => {
  rmSync(runDir, { recursive: true });
  for (const server of Object.values(servers)) {
    const guard = `/dev/shm/sem.${guardName(server)}`;
    if (existsSync(guard)) rmSync(guard);
  }
});

const floor = compileFloor(runDir);
const peer = fork(fileURLToPath(new URL('./server.js', import.meta.url)), [JSON.stringify(job)], {
  // What becomes its argv[0], by which apps are known.
  execPath: process.argv0,
});
await once(peer, 'message');

const times = new Map<string, number[]>();
let counted = false;
function note(subject: string, us: number): void {
  if (!counted) return;
  const all = times.get(subject);
  if (all) all.push(us);
  else times.set(subject, [us]);
}

/** Runs the task, and notes its microseconds. */
async function timed<R>(subject: string, task: () => Promise<R>): Promise<R> {
  const start = performance.now();
  const result = await task();
  note(subject, (performance.now() - start) * 1000);
  return result;
}

async function round(kind: Kind): Promise<void> {
  const session = await timed(`${kind}: open a session`, () =>
    KINDS[kind].ClientSession.connect({
      client,
      server: servers[kind],
      onPassiveOpen: (channel) => channel.close(),
    }),
  );
  (await timed(`${kind}: open a channel, by the client`, () => session.openChannel())).close();
  const answer = once(peer, 'message');
  peer.send(kind);
  note(`${kind}: open a channel, by the server`, (await answer)[0] as number);
  await timed(`${kind}: close`, () => session.close());
}

for (let i = -WARM_UP; i < ROUNDS; i++) {
  counted = i >= 0;
  for (const us of floor(KIND_NAMES.length)) note(FLOOR, us);
  for (const kind of KIND_NAMES) await round(kind);
}

const gone = once(peer, 'exit');
peer.disconnect();
await gone;

const lines = linesOf(times, FLOOR);
if (process.argv.includes('--json')) for (const line of lines) console.log(JSON.stringify(line));
else {
  console.table(lines.map(({ bench: _, ...line }) => line));
  console.log(
    `load average ${loadavg()
      .map((load) => load.toFixed(2))
      .join(' ')}, node ${process.version}`,
  );
}
