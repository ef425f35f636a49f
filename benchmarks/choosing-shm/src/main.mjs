// Measures SHM-classic and SHM-jemalloc in turns, in one run: `node benchmarks/choosing-shm/src/main.mjs`, on built
// packages. Prints a Markdown table for docs/choosing-shm.md. FLOW_IPC_LONG=1: an hour of fragmentation, not 10 s.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { onOneProcessor } from '@flow-ipc/bench-kit/processors';
import { guardName } from '@flow-ipc/session';
import { allocateAndFree, arenaOf, fragment } from './allocate.mjs';

const KINDS = ['classic', 'jemalloc'];
const ROUNDS = 9;
const TRIPS = 2000;
const THREADS = 4;
const FRAGMENT_S = process.env.FLOW_IPC_LONG === '1' ? 3600 : 10;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const rows = [];
const row = (what, unit, measure) => {
  const text = (value) =>
    value < 100 ? value.toFixed(value < 10 ? 2 : 1) : Math.round(value).toLocaleString('en');
  const [classic, jemalloc] = KINDS.map((kind) => text(median(measure[kind])));
  rows.push(`| ${what} | ${classic} ${unit} | ${jemalloc} ${unit} |`);
};
const appOf = (kind) => `choose${kind}${process.pid}`;
const empty = () => Object.fromEntries(KINDS.map((kind) => [kind, []]));

/** Alone: one thread, one arena. */
function alone() {
  for (const [what, bytes] of [
    ['a block of 64 bytes: allocate and free', 64],
    ['a block of 1,000 bytes', 1000],
    ['a block of 100,000 bytes', 100_000],
  ]) {
    const times = empty();
    for (let round = 0; round < ROUNDS; round++)
      for (const kind of KINDS) times[kind].push(allocateAndFree(kind, bytes));
    row(what, 'ns', times);
  }
}

/** Four threads at once: in one pool, or each in an arena of its own. */
async function together() {
  const file = fileURLToPath(new URL('./allocate.mjs', import.meta.url));
  const times = empty();
  for (let round = 0; round < 3; round++) {
    for (const kind of KINDS) {
      const owner = kind === 'classic' ? arenaOf(kind) : undefined;
      const workers = Array.from(
        { length: THREADS },
        () => new Worker(file, { workerData: { kind, pool: owner?.name } }),
      );
      const gone = workers.map((worker) => once(worker, 'exit'));
      const results = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]));
      await Promise.all(gone);
      owner?.close();
      times[kind].push(results.reduce((sum, ns) => sum + ns, 0) / THREADS);
    }
  }
  row(`a block of 64 bytes, ${THREADS} threads at once`, 'ns', times);
}

/**
 * Two processes a kind, which take turns. All on one processor: else the system puts some pairs on one and others on two,
 * and waking each other is then all that tells the kinds apart.
 */
async function roundTrips() {
  const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-choosing-'));
  const program = fileURLToPath(new URL('./peer.mjs', import.meta.url));
  const start = (role, kind) => fork(program, [role, kind, appOf(kind), runDir], { execPath: 'node' });
  const told = async (child) => (await once(child, 'message'))[0];
  const clients = {};
  const servers = [];
  const opens = empty();
  for (const kind of KINDS) {
    const server = start('server', kind);
    servers.push(server);
    await told(server);
    clients[kind] = start('client', kind);
    opens[kind] = (await told(clients[kind])).opens;
  }
  row('open a session', 'ms', opens);
  const times = { sync: empty(), async: empty() };
  for (let round = 0; round < ROUNDS; round++) {
    for (const how of ['async', 'sync']) {
      for (const kind of KINDS) {
        clients[kind].send({ trips: TRIPS, how });
        const us = await told(clients[kind]);
        if (round > 1) times[how][kind].push(us);
      }
    }
  }
  row('tiny request and response, `request()`', 'µs', times.async);
  row('tiny request and response, `syncRequest()`', 'µs', times.sync);
  const gone = KINDS.map((kind) => once(clients[kind], 'exit'));
  for (const kind of KINDS) clients[kind].send({ trips: 0 });
  await Promise.all(gone);
  const ended = servers.map((server) => once(server, 'exit'));
  for (const server of servers) server.disconnect();
  await Promise.all(ended);
  rmSync(runDir, { recursive: true });
  for (const kind of KINDS) {
    const guard = guardName({ name: appOf(kind), uid: process.geteuid(), gid: process.getegid() });
    rmSync(`/dev/shm/sem.${guard}`, { force: true });
  }
}

/** Blocks of all sizes come and go; how much memory the last ones take, and how much remains when all is freed. */
function fragmentation() {
  const held = empty();
  const rest = empty();
  for (const kind of KINDS) {
    const { factor, left } = fragment(kind, FRAGMENT_S * 500);
    held[kind].push(factor);
    rest[kind].push(left / 2 ** 20);
  }
  row(`memory taken per byte in use after ${FRAGMENT_S} s of mixed sizes`, '×', held);
  row('memory kept when all of it is freed', 'MiB', rest);
}

alone();
await together();
await onOneProcessor(roundTrips);
fragmentation();
console.log(`| | SHM-classic | SHM-jemalloc |\n| --- | --- | --- |\n${rows.join('\n')}`);
