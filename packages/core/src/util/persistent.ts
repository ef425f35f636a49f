// Kernel-persistent resources of a kind: listing them, and removing those that nobody needs any more (feature 7).
import { readdirSync } from 'node:fs';
import { shmUnlink } from '@flow-ipc/native';
import { fromNative } from './errors.js';
import { logger } from './log.js';
import { SharedName } from './shared-name.js';

/** What can be listed and removed by name. The classes of such resources have these two as static methods. */
export interface PersistentKind {
  /** Names that exist now, of any owner; resources that come or go meanwhile may or may not be among them. */
  persistentNames(): Iterable<SharedName>;
  /** Removes the name; whoever has the resource open keeps it. Throws when the kernel refuses. */
  removePersistent(name: SharedName): void;
}

/**
 * Removes every resource of the kind whose name satisfies `predicate`; returns how many were. What cannot be
 * removed (another user's, or gone meanwhile) is logged, not counted, and no reason to stop.
 */
export function removeEachPersistentIf(
  kind: PersistentKind,
  predicate: (name: SharedName) => boolean,
): number {
  let count = 0;
  for (const name of kind.persistentNames()) {
    if (!predicate(name)) continue;
    try {
      kind.removePersistent(name);
      count++;
    } catch (err) {
      logger('util')('cannot remove %s: %s', name, err instanceof Error ? err.message : err);
    }
  }
  return count;
}

/** {@link removeEachPersistentIf} for names that begin with `prefix`; an empty prefix means all of them. */
export function removeEachPersistentWithPrefix(kind: PersistentKind, prefix: SharedName | string): number {
  const start = String(prefix);
  const count = removeEachPersistentIf(kind, (name) => String(name).startsWith(start));
  if (count > 0) logger('util')('removed %d resources whose names begin with %j', count, start);
  return count;
}

/** Names of the regular files in a folder; none when it cannot be read. For kinds that the kernel shows as files. */
export function namesInFolder(folder: string): SharedName[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => new SharedName(entry.name));
  } catch (err) {
    logger('util')('cannot list %s: %s', folder, (err as Error).message);
    return [];
  }
}

/** Everything in POSIX shared memory, whatever it is used for: pools, Boost queues, semaphores (`sem.…`). */
export const sharedMemoryObjects: PersistentKind = {
  persistentNames: () => namesInFolder('/dev/shm'),
  removePersistent(name) {
    try {
      shmUnlink(String(name));
    } catch (err) {
      throw fromNative(err, `Cannot remove the shared memory object ${name}`);
    }
  },
};
