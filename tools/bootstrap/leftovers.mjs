// Kernel names that tests left behind: in shared memory, and message queues where their file system is mounted.
import { existsSync, readdirSync } from 'node:fs';

/** Where the kernel shows its names. POSIX message queues are there only if somebody has mounted them. */
const FOLDERS = ['/dev/shm', '/dev/mqueue'];

/**
 * What stays by design, because removing it would race with its users: the semaphore that guards a server's CNS file,
 * and the machine's counter of pool ids with the one that guards it.
 */
const BY_DESIGN = /^sem\._libipc.*cur_ns_store|^(sem\.)?_libipc_(shm|mtx)_0_0_0_shm_arenaLend_nextPoolId$/;
/** Ours: conventional names, and those of the tests of message queues. */
const OURS = /_libipc|_flowipc_p?test/;

/** Paths of names of ours that exist now. */
export function flowIpcNames(folders = FOLDERS) {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => OURS.test(name) && !BY_DESIGN.test(name))
        .map((name) => `${folder}/${name}`),
    );
}

/** Takes stock now; the function returned tells which names are new since then. */
export function watchLeftovers(folders = FOLDERS) {
  const before = new Set(flowIpcNames(folders));
  return () => flowIpcNames(folders).filter((name) => !before.has(name));
}
