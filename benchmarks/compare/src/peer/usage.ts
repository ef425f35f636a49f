// What this process has used up so far, as the kernel counts it.
import { readFileSync } from 'node:fs';

export interface Usage {
  /** Of all threads, user and system. */
  cpuUs: number;
  /** The most that was resident at once, and what of it is shared memory now, in bytes. */
  peakBytes: number;
  sharedBytes: number;
}

function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)![1]);
}

export function usage(): Usage {
  const { user, system } = process.cpuUsage();
  const status = readFileSync('/proc/self/status', 'utf8');
  return {
    cpuUs: user + system,
    peakBytes: kilobytes(status, 'VmHWM') * 1024,
    sharedBytes: kilobytes(status, 'RssShmem') * 1024,
  };
}
