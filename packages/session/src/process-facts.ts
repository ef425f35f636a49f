// What /proc tells of a process beyond its credentials.
import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { fromNative } from '@flow-ipc/core';

/** Process id of the parent; undefined when the process is gone. */
export function processParent(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

/**
 * The script of a Node.js process: the first argument that is no option, from the process's working directory,
 * without symbolic links. Undefined when there is none (`node -e`) or it is no file any more.
 */
export function processScriptPath(pid: number): string | undefined {
  let args: string[];
  let cwd: string;
  try {
    args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1, -1);
    cwd = readlinkSync(`/proc/${pid}/cwd`);
  } catch (err) {
    throw fromNative(err, `Cannot read how process ${pid} was invoked`);
  }
  const script = args.find((arg) => !arg.startsWith('-'));
  if (script === undefined) return undefined;
  try {
    return realpathSync(resolve(cwd, script));
  } catch {
    return undefined;
  }
}
