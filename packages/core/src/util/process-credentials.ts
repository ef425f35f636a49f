// Who a process is: ids, how it was invoked, and whether it still lives (features 10, 12, 13).
import { readFileSync } from 'node:fs';
import { fromNative, systemError } from './errors.js';

/** pid, effective uid and effective gid. */
export interface ProcessCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export function ownProcessCredentials(): ProcessCredentials {
  return { pid: process.pid, uid: process.geteuid!(), gid: process.getegid!() };
}

export function sameCredentials(a: ProcessCredentials, b: ProcessCredentials): boolean {
  return a.pid === b.pid && a.uid === b.uid && a.gid === b.gid;
}

function cmdline(pid: number): string[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch (err) {
    throw fromNative(err, `Cannot read how process ${pid} was invoked`);
  }
  // A zombie has an empty command line: as good as gone.
  if (text === '') throw systemError('read', 3 /* ESRCH */, `Process ${pid} is gone`);
  return text.split('\0').slice(0, -1);
}

/** argv[0] of a process, verbatim: not the executable's path. FlowIpcError when it is gone or not readable. */
export function processInvokedAs(pid: number): string {
  return cmdline(pid)[0] ?? '';
}

/** True while the process exists and is not a zombie. A process that we may not signal counts as running. */
export function processRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM';
  }
  return statField(pid, 0) !== 'Z';
}

/** Start time in clock ticks since boot; with the pid it names a process for good. Undefined when gone. */
export function processStartTime(pid: number): number | undefined {
  const field = statField(pid, 19);
  return field === undefined ? undefined : Number(field);
}

/** The n-th field of /proc/pid/stat counted from the one after the command in parentheses. */
function statField(pid: number, n: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[n];
  } catch {
    return undefined;
  }
}
