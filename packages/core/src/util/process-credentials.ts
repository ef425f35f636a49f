// Who a process is: ids, how it was invoked, and whether it still lives (features 10, 12, 13).
import { readFileSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { fromNative, systemError } from './errors.js';
import { scriptWord } from './node-command-line.js';

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

/** For messages: `pid 7, uid 1000, gid 1000`. Equal credentials have equal texts, so it can be the key of a Map. */
export function formatCredentials({ pid, uid, gid }: ProcessCredentials): string {
  return `pid ${pid}, uid ${uid}, gid ${gid}`;
}

function commandLine(pid: number): string[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch (err) {
    throw fromNative(err, `Cannot read how process ${pid} was invoked`);
  }
  // A zombie has an empty command line: as good as gone.
  if (text === '') throw systemError('read', constants.errno.ESRCH, `Process ${pid} is gone`);
  return text.replace(/\0$/, '').split('\0');
}

/**
 * argv[0] of a process, verbatim: not the executable's path. Whoever starts a process chooses it freely, and a
 * process can change it (in Node.js `process.title` does). FlowIpcError SYSTEM when it is gone or not readable.
 */
export function processInvokedAs(pid: number): string {
  return commandLine(pid)[0]!;
}

/**
 * The script that a Node.js process runs, as an absolute path: its `process.argv[1]`. Undefined when it runs none
 * (`node -e`, standard input, `--test`, `--run`). Found behind Node's own options on the command line.
 *
 * Limits: a process can change what its command line shows (`process.title`); a script that was named by a relative
 * path is looked for in the working directory the process has now, which must be readable (the same user's); of a
 * program that is not Node.js the answer means nothing. FlowIpcError SYSTEM when it is gone or not readable.
 */
export function processScriptPath(pid: number): string | undefined {
  const word = scriptWord(commandLine(pid));
  if (word === undefined || word.startsWith('/')) return word && resolve(word);
  try {
    return resolve(readlinkSync(`/proc/${pid}/cwd`), word);
  } catch (err) {
    throw fromNative(err, `Cannot read the working directory of process ${pid}`);
  }
}

/**
 * True while the process exists and is not a zombie. With `startTime`, as processStartTime() told it while the
 * process was known to live, also false when another process has got its pid meanwhile. A process that we may not
 * signal counts as running, as does one that /proc hides from us.
 */
export function processRunning(pid: number, startTime?: number): boolean {
  if (!exists(pid)) return false;
  const stat = readStat(pid);
  // Hidden from us, or gone just now.
  if (!stat) return exists(pid);
  return stat.alive && (startTime === undefined || stat.startTime === startTime);
}

/**
 * Start time in clock ticks since boot (100 a second): with the pid it names a process until the next boot.
 * Undefined when there is no such process, or only a zombie.
 */
export function processStartTime(pid: number): number | undefined {
  const stat = exists(pid) ? readStat(pid) : undefined;
  return stat?.alive ? stat.startTime : undefined;
}

function exists(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    return (err as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readStat(pid: number): { alive: boolean; startTime: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // Fields from the third on: the second, the command in parentheses, may contain anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  // The first thread of a process may end before the others: that looks like a zombie, with threads left.
  const alive = (state !== 'Z' && state !== 'X') || Number(fields[17]) > 1;
  return { alive, startTime: Number(fields[19]) };
}
