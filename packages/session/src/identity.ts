// Whether a process is the app that it says it is: what both sides check of the other (features 154, 155, 261).
import { readFileSync, realpathSync } from 'node:fs';
import { FlowIpcError, type ProcessCredentials, processInvokedAs, processScriptPath } from '@flow-ipc/core';
import type { App } from './app.js';

/** Longest line of ancestors looked at: a broken /proc must not keep us for ever. */
const MAX_ANCESTORS = 64;

/**
 * Throws `code` unless the process was invoked as the app says and runs as its user and group, in C++'s order, and
 * (where the app says so) runs its script and descends from `serverPid`. `peer` is the kernel's word.
 */
export function checkIdentity(peer: ProcessCredentials, app: App, code: string, serverPid: number): void {
  const wrong = (what: string, cause?: unknown) =>
    new FlowIpcError(code, `App '${app.name}': process ${peer.pid} ${what}`, { cause });
  let argv0: string;
  let script: string | undefined;
  try {
    argv0 = processInvokedAs(peer.pid);
    script = app.scriptPath === undefined ? undefined : realScriptPath(peer.pid);
  } catch (err) {
    throw wrong('cannot be looked at', err);
  }
  if (argv0 !== app.execPath) throw wrong(`was invoked as '${argv0}', not as '${app.execPath}'`);
  if (peer.uid !== app.uid || peer.gid !== app.gid) {
    throw wrong(`runs as ${peer.uid}:${peer.gid}, not as ${app.uid}:${app.gid}`);
  }
  if (script !== app.scriptPath) {
    throw wrong(`runs ${script === undefined ? 'no script' : `'${script}'`}, not '${app.scriptPath}'`);
  }
  if (app.descendantOfServer && peer.pid !== serverPid && !descendsFrom(peer.pid, serverPid)) {
    throw wrong(`was not started by the server (process ${serverPid}), nor by what that started`);
  }
}

/** Undefined also when the file is there no more. */
function realScriptPath(pid: number): string | undefined {
  const path = processScriptPath(pid);
  try {
    return path && realpathSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Whether `ancestor` is among the parents of `pid`. A process whose parent has died counts as its reaper's child:
 * then the answer is no, as nobody can tell any more.
 */
export function descendsFrom(pid: number, ancestor: number): boolean {
  let current: number | undefined = pid;
  for (let i = 0; i < MAX_ANCESTORS && current !== undefined && current > 1; i++) {
    current = processParent(current);
    if (current === ancestor) return true;
  }
  return false;
}

/** Process id of the parent; undefined when the process is gone. */
function processParent(pid: number): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}
