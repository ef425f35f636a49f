// Memory of this process and of the machine, in bytes, as the kernel counts it.
import { readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of a "Name:  123 kB" line of a file of /proc. */
function kilobyteLine(file: string, name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'));
  if (!match) throw new Error(`${file} has no ${name}`);
  return Number(match[1]) * 1024;
}

export const residentBytes = () => kilobyteLine('/proc/self/status', 'VmRSS');

/** Resident memory that is this process's own: neither files nor shared memory. */
export const ownBytes = () => kilobyteLine('/proc/self/status', 'RssAnon');

export const availableBytes = () => kilobyteLine('/proc/meminfo', 'MemAvailable');

/** Where shared-memory pools live. */
const SHM = '/dev/shm';

/** Bytes that a pool of any size could still use there. */
export function sharedMemoryAvailable(): number {
  const { bsize, bavail } = statfsSync(SHM);
  return bavail * bsize;
}

/** Bytes that pools of this process's own really occupy there; others come and go meanwhile. */
export function sharedMemoryUsed(): number {
  const ours = readdirSync(SHM).filter((name) => name.includes(`_${process.pid}_`));
  return ours.reduce((sum, name) => sum + statSync(join(SHM, name)).blocks * 512, 0);
}

/** Frees what nobody refers to any more, now. Milliseconds. */
export function collectGarbage(): void {
  gc ??= exposedGc();
  gc();
}

let gc: (() => void) | undefined;

/** The gc() of `node --expose-gc`, without the flag. */
function exposedGc(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
