// What the message queues of one team are called, and their removal when their own processes could not see to it.
import { basename } from 'node:path';
import {
  BipcMqHandle,
  blobStreamMqNames,
  blobStreamMqs,
  PosixMqHandle,
  removeEachPersistentWithPrefix,
} from '@flow-ipc/core';

/** Folders are made with names of their own, and so are the queues of those who meet there. */
export const queuePrefix = (runDir: string): string => `_flowIpcCompare_${basename(runDir).slice(-6)}_`;

/** Removes the queues of a team whose processes are gone: one that had to be killed has left them in the kernel. */
export function removeLeftQueues(runDir: string): void {
  for (const mq of [PosixMqHandle, BipcMqHandle]) {
    const streams = { ...blobStreamMqs(mq), persistentNames: () => blobStreamMqNames(mq) };
    removeEachPersistentWithPrefix(streams, queuePrefix(runDir));
  }
}
