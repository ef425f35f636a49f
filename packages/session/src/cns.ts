// The Current Namespace Store: the file that tells clients which server process to connect to (features 131, 132).
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import {
  FlowIpcError,
  fromNative,
  permissionsLevelNumber,
  producerConsumerMode,
  sharedResourceMode,
} from '@flow-ipc/core';
import { type NamedSemaphore, semOpen } from '@flow-ipc/native';
import { cnsPath, permissionsLevelOf, type ServerApp } from './app.js';
import { type Drive, pause } from './drive.js';
import { SessionError } from './errors.js';
import { checkRunDir } from './run-dir.js';
import { type Steps, until } from './steps.js';

/** A process that holds the guard this long has died with it: what it guards takes microseconds. */
const GUARD_PATIENCE_MS = 1000;
const GUARD_RETRY_MS = 5;
/** Longest content that can be a process id and a newline. */
const MAX_CONTENT = 32;

export function guardName(app: ServerApp): string {
  const level = permissionsLevelNumber(permissionsLevelOf(app));
  return `_libipc_mtx_${app.name}_0_0_cur_ns_store_u${app.uid}g${app.gid}p${level}`;
}

/** What waiting for the guard needs. */
export interface GuardWait {
  drive: Drive;
  signal?: AbortSignal | undefined;
}

/** Writes this process's id. The file keeps its mode when it exists; its owner must be the app's. */
export function* writeCns(app: ServerApp, pid: number, wait: GuardWait): Steps<void> {
  checkRunDir(app);
  yield* withGuard(app, wait, () => {
    const path = cnsPath(app);
    const fd = openOrCreate(path, producerConsumerMode(permissionsLevelOf(app)));
    try {
      checkOwner(fd, path, app);
      ftruncateSync(fd);
      writeSync(fd, `${pid}\n`, 0);
    } finally {
      closeSync(fd);
    }
  });
}

/**
 * The server's process id in decimal, which is its namespace. SERVER_NOT_RUNNING, RUN_DIR_UNSAFE,
 * RESOURCE_OWNER_UNEXPECTED, CNS_BAD_FORMAT, or SYSTEM.
 */
export function* readCns(app: ServerApp, wait: GuardWait): Steps<string> {
  checkRunDir(app);
  const path = cnsPath(app);
  const text = yield* withGuard(app, wait, () => {
    const fd = openForReading(path, app);
    try {
      checkOwner(fd, path, app);
      const buffer = Buffer.alloc(MAX_CONTENT);
      return buffer.toString('latin1', 0, readSync(fd, buffer, 0, MAX_CONTENT, 0));
    } finally {
      closeSync(fd);
    }
  });
  const match = /^([1-9][0-9]{0,9})\n$/.exec(text);
  if (!match) {
    throw new FlowIpcError(
      SessionError.CNS_BAD_FORMAT,
      `${path} should hold a process id, but holds ${JSON.stringify(text)}`,
    );
  }
  return match[1]!;
}

// Never to wait: what lies there may be a pipe that somebody put in the place of the file.
const CAREFULLY = constants.O_NOFOLLOW | constants.O_NONBLOCK;

function openForReading(path: string, app: ServerApp): number {
  try {
    return openSync(path, constants.O_RDONLY | CAREFULLY);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'ENOENT') throw fromNative(err, `Cannot read ${path}`);
    throw new FlowIpcError(
      SessionError.SERVER_NOT_RUNNING,
      `No server '${app.name}' has been started: there is no ${path}. Start it, or check that both sides name the same runDir`,
      { cause: err },
    );
  }
}

function openOrCreate(path: string, mode: number): number {
  const flags = constants.O_WRONLY | CAREFULLY;
  try {
    try {
      const fd = openSync(path, flags | constants.O_CREAT | constants.O_EXCL, mode);
      fchmodSync(fd, mode); // whatever the umask
      return fd;
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'EEXIST') throw err;
      return openSync(path, flags);
    }
  } catch (err) {
    throw fromNative(err, `Cannot write ${path}`);
  }
}

function checkOwner(fd: number, path: string, app: ServerApp): void {
  const { uid, gid } = fstatSync(fd);
  if (uid === app.uid && gid === app.gid) return;
  throw new FlowIpcError(
    SessionError.RESOURCE_OWNER_UNEXPECTED,
    `${path} belongs to ${uid}:${gid}, not to ${app.uid}:${app.gid} as server app '${app.name}' says`,
  );
}

/**
 * Runs `task` under the machine-wide semaphore. It is not robust: where a process died holding it we go on after
 * a second and put it right again.
 */
function* withGuard<R>(app: ServerApp, { drive, signal }: GuardWait, task: () => R): Steps<R> {
  let guard: NamedSemaphore;
  try {
    guard = semOpen(guardName(app), sharedResourceMode(permissionsLevelOf(app)), 1);
  } catch (err) {
    throw fromNative(err, `Cannot open the guard ${guardName(app)}`);
  }
  try {
    const deadline = Date.now() + GUARD_PATIENCE_MS;
    while (!guard.tryWait() && Date.now() < deadline) yield* until(pause(drive, GUARD_RETRY_MS, signal));
    try {
      return task();
    } finally {
      // Never above one: the holder we gave up on may have been slow, not dead.
      if (guard.value() === 0) guard.post();
    }
  } finally {
    guard.close();
  }
}
