// The command: interleaved rounds of all subjects, then a table, or with --json one object a line.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeSocketStreamAcceptor } from '@flow-ipc/core';
import { compileFloor } from './floor.js';
import { Body } from './generated/overhead.capnp.js';
import { LINKS, linkName } from './links.js';
import { clientApp, MEMORIES, MEMORY_NAMES, serverApp } from './memories.js';
import { rawSubjects, structuredOver, structuredSubjects } from './subjects.js';

const json = process.argv.includes('--json');
const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 8 : 40;
const ROUND_TRIPS = 2000;
const WARM_UP = quick ? 5_000 : 20_000;

interface Sample {
  /** Microseconds for each round trip; CPU of both processes together. */
  wall: number;
  cpu: number;
}

const samples = new Map<string, Sample[]>();
const note = (name: string, sample: Sample) => samples.set(name, [...(samples.get(name) ?? []), sample]);

using floor = compileFloor();
const acceptors = LINKS.map((link) => new NativeSocketStreamAcceptor(linkName(process.pid, link)));
const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-overhead-'));
const peer = spawn(
  process.execPath,
  [fileURLToPath(new URL('./peer.js', import.meta.url)), String(process.pid), runDir, process.argv0],
  // As a session's server app says that it is started.
  { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], argv0: 'node' },
);
const [raw, structured] = await Promise.all(acceptors.map((acceptor) => acceptor.accept()));
for (const acceptor of acceptors) acceptor.close();
await once(peer, 'message');

const cpuOf = ({ user, system }: NodeJS.CpuUsage): number => user + system;
async function peerCpu(): Promise<number> {
  const answer = once(peer, 'message');
  peer.send('cpu');
  return cpuOf((await answer)[0] as NodeJS.CpuUsage);
}

const subjects = [...rawSubjects(raw!), ...structuredSubjects('structured', structuredOver(structured!))];
for (const memory of MEMORY_NAMES) {
  const session = await MEMORIES[memory].ClientSession.connect({
    client: clientApp(process.argv0),
    server: serverApp(memory, runDir),
    channels: 1,
  });
  subjects.push(...structuredSubjects(memory, session.structured(session.channels[0]!, Body)));
}
for (const { run } of subjects) await run(WARM_UP);
for (let round = 0; round < ROUNDS; round++) {
  note('c-floor', floor.run(ROUND_TRIPS));
  for (const { name, run } of subjects) {
    const theirs = await peerCpu();
    const ours = cpuOf(process.cpuUsage());
    const start = performance.now();
    await run(ROUND_TRIPS);
    const wall = performance.now() - start;
    const cpu = cpuOf(process.cpuUsage()) - ours + (await peerCpu()) - theirs;
    note(name, { wall: (wall * 1000) / ROUND_TRIPS, cpu: cpu / ROUND_TRIPS });
  }
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const round = (value: number): number => Math.round(value * 100) / 100;

interface Line {
  bench: string;
  subject: string;
  unit: string;
  median: number;
  min: number;
  max: number;
  n: number;
  floor: number;
}
const lines: Line[] = [];
for (const [unit, what] of [
  ['us wall per round trip', 'wall'],
  ['us CPU per message', 'cpu'],
] as const) {
  // A round trip is two messages.
  const share = what === 'cpu' ? 2 : 1;
  const values = (name: string) => samples.get(name)!.map((sample) => sample[what] / share);
  const add = (subject: string, all: number[]) =>
    lines.push({
      bench: 'structured-overhead',
      subject,
      unit,
      median: round(median(all)),
      min: round(Math.min(...all)),
      max: round(Math.max(...all)),
      n: all.length,
      floor: round(median(values('c-floor'))),
    });
  for (const name of samples.keys()) add(name, values(name));
  for (const way of ['async', 'blocking']) {
    const minus = (subject: string, other: string) => {
      const below = values(`${other}/${way}`);
      add(
        `${subject} minus ${other}/${way}`,
        values(`${subject}/${way}`).map((value, i) => value - below[i]!),
      );
    };
    minus('structured', 'raw');
    for (const memory of MEMORY_NAMES) minus(memory, 'structured');
  }
}
if (json) for (const line of lines) console.log(JSON.stringify(line));
else {
  const rows = lines.map(({ bench: _, ...line }) => line);
  console.table(rows);
  console.log(
    `load average ${(await import('node:os')).loadavg().map(round).join(' ')}, node ${process.version}`,
  );
}
rmSync(runDir, { recursive: true });
// The peer ends with this process, and removes what its servers have made.
process.exit();
