// The sessions whose messages lie in shared memory: who connects to whom, and the classes of each package.
import type { App, ClientApp, ServerApp } from '@flow-ipc/session';
import * as classic from '@flow-ipc/shm';
import * as jemalloc from '@flow-ipc/shm-arena-lend';

/** The import is the switch; this is all of it that is used here. */
export const MEMORIES = { 'shm-classic': classic, 'shm-jemalloc': jemalloc } as const;
export type MemoryName = keyof typeof MEMORIES;
export const MEMORY_NAMES = Object.keys(MEMORIES) as MemoryName[];

const me = { uid: process.geteuid!(), gid: process.getegid!() };
/** The command, as it was started. */
export const clientApp = (execPath: string): ClientApp => ({ name: 'asker', execPath, ...me });
/** The process at the other end is started as `node`. */
export const serverApp = (memory: MemoryName, runDir: string): ServerApp & App => ({
  name: `overhead${MEMORY_NAMES.indexOf(memory)}`,
  execPath: 'node',
  ...me,
  allowedClients: ['asker'],
  runDir,
});
