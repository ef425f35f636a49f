// The Current Namespace Store: the file that tells clients which server process to connect to (features 131, 132).
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  FlowIpcError,
  fromNative,
  permissionsLevelNumber,
  producerConsumerMode,
  sharedResourceMode,
} from '@flow-ipc/core';
import { type NamedSemaphore, semOpen } from '@flow-ipc/native';
import { cnsPath, permissionsLevelOf, type ServerApp } from './app.js';
import { SessionError } from './errors.js';
import { checkRunDir } from './run-dir.js';

/** A process that holds the guard this long has died with it: what it guards takes microseconds. */
const GUARD_PATIENCE_MS = 1000;
const GUARD_RETRY_MS = 5;
/** Longest content that can be a process id and a newline. */
const MAX_CONTENT = 32;

export function guardName(app: ServerApp): string {
  const level = permissionsLevelNumber(permissionsLevelOf(app));
  return `_libipc_mtx_${app.name}_0_0_cur_ns_store_u${app.uid}g${app.gid}p${level}`;
}

/** Writes this process's id. The file keeps its mode when it exists; its owner must be the app's. */
export async function writeCns(app: ServerApp, pid: number): Promise<void> {
  await checkRunDir(app);
  await withGuard(app, async () => {
    const path = cnsPath(app);
    const file = await openOrCreate(path, producerConsumerMode(permissionsLevelOf(app)));
    try {
      await checkOwner(file, path, app);
      await file.truncate(0);
      await file.write(`${pid}\n`, 0);
    } finally {
      await file.close();
    }
  });
}

/**
 * The server's process id in decimal, which is its namespace. SERVER_NOT_RUNNING, RUN_DIR_UNSAFE,
 * RESOURCE_OWNER_UNEXPECTED, CNS_BAD_FORMAT, or SYSTEM.
 */
export async function readCns(app: ServerApp): Promise<string> {
  await checkRunDir(app);
  const path = cnsPath(app);
  const text = await withGuard(app, async () => {
    const file = await openForReading(path, app);
    try {
      await checkOwner(file, path, app);
      const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_CONTENT), 0, MAX_CONTENT, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } finally {
      await file.close();
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

async function openForReading(path: string, app: ServerApp): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'ENOENT') throw fromNative(err, `Cannot read ${path}`);
    throw new FlowIpcError(
      SessionError.SERVER_NOT_RUNNING,
      `No server '${app.name}' has been started: there is no ${path}. Start it, or check that both sides name the same runDir`,
      { cause: err },
    );
  }
}

async function openOrCreate(path: string, mode: number): Promise<FileHandle> {
  const flags = constants.O_WRONLY | constants.O_NOFOLLOW;
  try {
    try {
      const file = await open(path, flags | constants.O_CREAT | constants.O_EXCL, mode);
      await file.chmod(mode); // whatever the umask
      return file;
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'EEXIST') throw err;
      return await open(path, flags);
    }
  } catch (err) {
    throw fromNative(err, `Cannot write ${path}`);
  }
}

async function checkOwner(file: FileHandle, path: string, app: ServerApp): Promise<void> {
  const { uid, gid } = await file.stat();
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
async function withGuard<R>(app: ServerApp, task: () => Promise<R>): Promise<R> {
  let guard: NamedSemaphore;
  try {
    guard = semOpen(guardName(app), sharedResourceMode(permissionsLevelOf(app)), 1);
  } catch (err) {
    throw fromNative(err, `Cannot open the guard ${guardName(app)}`);
  }
  try {
    const deadline = Date.now() + GUARD_PATIENCE_MS;
    while (!guard.tryWait() && Date.now() < deadline) await sleep(GUARD_RETRY_MS);
    try {
      return await task();
    } finally {
      // Never above one: the holder we gave up on may have been slow, not dead.
      if (guard.value() === 0) guard.post();
    }
  } finally {
    guard.close();
  }
}
