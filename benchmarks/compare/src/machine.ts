// The machine and the versions of everything, for the report.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { short } from '@flow-ipc/bench-kit';
import { compiler } from './run/floor-program.js';

const require = createRequire(import.meta.url);

/** Label and value, in the order of the report. */
export type Facts = [label: string, value: string][];

const firstLine = (command: string, args: string[]) => {
  const here = fileURLToPath(new URL('.', import.meta.url));
  return (
    spawnSync(command, args, { encoding: 'utf8', cwd: here }).stdout?.split('\n')[0]?.trim() || 'unknown'
  );
};

function distribution(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  } catch {
    return 'Linux';
  }
}

const versionOf = (name: string) => (require(`${name}/package.json`) as { version: string }).version;

export async function machine(): Promise<Facts> {
  const processors = cpus();
  const { version: libzmq } = await import('zeromq');
  const ours = ['core', 'structured', 'session', 'shm', 'shm-arena-lend', 'native'];
  return [
    ['processors', `${processors.length} × ${processors[0]?.model.trim()}`],
    ['memory', `${short(totalmem() / 2 ** 30)} GiB`],
    ['system', `${distribution()}, Linux ${release()}`],
    ['Node.js', `${process.version}, V8 ${process.versions.v8}, libuv ${process.versions.uv}`],
    ['C compiler', firstLine(compiler(), ['--version'])],
    [
      'Flow-IPC',
      `${firstLine('git', ['describe', '--always', '--dirty'])}: ${ours.map((name) => `${name} ${versionOf(`@flow-ipc/${name}`)}`).join(', ')}`,
    ],
    ['zeromq', `${versionOf('zeromq')}, libzmq ${libzmq}`],
    ['@grpc/grpc-js', `${versionOf('@grpc/grpc-js')}, @grpc/proto-loader ${versionOf('@grpc/proto-loader')}`],
  ];
}

/** "0.40 0.47 1.19": processes that wanted a processor in the last 1, 5 and 15 minutes. */
export const load = (): string =>
  loadavg()
    .map((value) => value.toFixed(2))
    .join(' ');
