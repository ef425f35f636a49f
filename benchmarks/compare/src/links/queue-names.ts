// What the message queues of one team are called, and their removal when their own processes could not see to it.
import { basename } from 'node:path';
import {
  BipcMqHandle,
  blobStreamMqs,
  PosixMqHandle,
  removeEachPersistentIf,
  SharedName,
  sharedMemoryObjects,
} from '@flow-ipc/core';

/** Folders are made with names of their own, and so are the queues of those who meet there. */
export const queuePrefix = (runDir: string): string => `_flowIpcCompare_${basename(runDir).slice(-6)}_`;

/**
 * Removes the queues of a team whose processes are gone: one that had to be killed has left them in the kernel. POSIX
 * queues cannot be listed everywhere, the marks of their ends can, and bear their names.
 */
export function removeLeftQueues(runDir: string): void {
  const prefix = queuePrefix(runDir);
  const left = sharedMemoryObjects.persistentNames();
  const names = new Set<string>();
  for (const name of [...left].map(String))
    if (name.includes(prefix)) names.add(name.slice(name.indexOf(prefix)));
  const persistentNames = () => [...names].map((name) => new SharedName(name));
  for (const mq of [PosixMqHandle, BipcMqHandle])
    removeEachPersistentIf({ ...blobStreamMqs(mq), persistentNames }, () => true);
}
