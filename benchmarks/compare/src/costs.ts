// What a message costs: system calls, counted by strace, and where the time goes, by V8's sampling profiler.
//
//   node dist/costs.js [subject,subject,… [trips|push|fetch [size]]]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Team } from './run/team.js';
import { SUBJECTS } from './subjects.js';

type Counts = Map<string, number>;

/** Batches of two sizes: their difference is free of what starting and stopping cost. */
const FEW = 1000;
const MANY = 3000;
const PROFILED = 40_000;

const OURS = SUBJECTS.filter(({ family }) => family === 'ours').map(({ name }) => name);
const [names = OURS.join(), work = 'trips', size = '64'] = process.argv.slice(2);

for (const name of names.split(',')) {
  const subject = SUBJECTS.find((one) => one.name === name);
  if (!subject) throw new RangeError(`no subject is called ${name}`);
  const start = { subject, size: Number(size), ready: false, clients: 1, floor: '' };
  const folder = mkdtempSync(join(tmpdir(), 'flow-ipc-costs-'));
  try {
    const run = async (count: number, node: (role: string) => [string, ...string[]]) => {
      const team = await Team.start({ ...start, node });
      await team.batch(work as 'trips', count);
      await team.end();
    };
    for (const count of [FEW, MANY]) {
      await run(count, (role) => ['strace', '-f', '-c', '-o', join(folder, `${role}-${count}`), 'node']);
    }
    await run(PROFILED, (role) => [
      'node',
      '--cpu-prof',
      `--cpu-prof-dir=${folder}`,
      `--cpu-prof-name=${role}.cpuprofile`,
    ]);
    for (const role of ['client', 'server']) {
      const per = difference(
        strace(join(folder, `${role}-${MANY}`)),
        strace(join(folder, `${role}-${FEW}`)),
        MANY - FEW,
      );
      console.log(
        `\n${name} ${work} of ${size} B, ${role}: system calls each: ${[...per].map(([call, n]) => `${call} ${n.toFixed(2)}`).join(', ')}`,
      );
      for (const line of profile(join(folder, `${role}.cpuprofile`))) console.log(`   ${line}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The table that strace -c leaves: calls by name. */
function strace(file: string): Counts {
  const counts: Counts = new Map();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const match = /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$/.exec(line);
    if (match && match[2] !== 'total') counts.set(match[2]!, Number(match[1]));
  }
  return counts;
}

function difference(many: Counts, few: Counts, by: number): Counts {
  return new Map(
    [...many]
      .map(([name, n]) => [name, (n - (few.get(name) ?? 0)) / by] as const)
      .filter(([, n]) => n >= 0.02),
  );
}

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

/** Functions by their own share of the time that was not idle. */
function profile(file: string): string[] {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const labels = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      `${functionName || '(anonymous)'} ${url.replace(/^.*\/(packages|native|benchmarks|node_modules)\//, '$1/')}:${lineNumber + 1}`,
    ]),
  );
  const own = new Map<string, number>();
  // The second half only: the first is start and compilation.
  for (let i = samples.length >> 1; i < samples.length; i++) {
    const label = labels.get(samples[i]!)!;
    if (/^\((idle|root)\)/.test(label)) continue;
    own.set(label, (own.get(label) ?? 0) + timeDeltas[i]!);
  }
  const total = [...own.values()].reduce((sum, us) => sum + us, 0);
  return [...own]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 24)
    .map(([label, us]) => `${((100 * us) / total).toFixed(1).padStart(5)} % ${label}`);
}
