// The run directory, where the CNS file lives: nobody else may be able to put another file in its place.
import { lstatSync, type Stats, statSync } from 'node:fs';
import { dirname, normalize } from 'node:path';
import { FlowIpcError, fromNative } from '@flow-ipc/core';
import { cnsPath, DEFAULT_RUN_DIR, type ServerApp } from './app.js';
import { SessionError } from './errors.js';

const WORLD_WRITABLE = 0o002;
const STICKY = 0o1000;

/**
 * Throws RUN_DIR_UNSAFE when somebody other than root and the server app's user could replace the CNS file: the
 * directory belongs to another user, is a symbolic link, or anyone may write to it and it is not sticky. Both sides
 * look: a client that trusted such a directory could be sent to another server.
 *
 * The default, /var/run, is a link on most systems (to /run); root made it.
 */
export function checkRunDir(app: ServerApp): void {
  const dir = dirname(cnsPath(app));
  const unsafe = (what: string) =>
    new FlowIpcError(
      SessionError.RUN_DIR_UNSAFE,
      `The run directory ${dir} of server app '${app.name}' ${what}. Give a directory of the server's user, made with mode 755 or less, as runDir on both sides`,
    );
  let stats: Stats;
  try {
    stats = normalize(dir) === DEFAULT_RUN_DIR ? statSync(dir) : lstatSync(dir);
  } catch (err) {
    // Opening the file in it says the same, in terms of the file.
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw fromNative(err, `Cannot look at the run directory ${dir}`);
  }
  if (stats.isSymbolicLink()) throw unsafe('is a symbolic link');
  if (!stats.isDirectory()) throw unsafe('is not a directory');
  if (stats.uid !== 0 && stats.uid !== app.uid) {
    throw unsafe(`belongs to user ${stats.uid}, neither to root nor to the app's user ${app.uid}`);
  }
  if (stats.mode & WORLD_WRITABLE && !(stats.mode & STICKY)) {
    throw unsafe('can be written by anyone, and is not sticky');
  }
}
