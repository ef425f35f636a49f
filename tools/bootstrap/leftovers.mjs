// Kernel names that tests left behind in /dev/shm.
import { existsSync, readdirSync } from 'node:fs';

/**
 * What stays by design, because removing it would race with its users: the semaphore that guards a server's CNS file,
 * and the machine's counter of pool ids with the one that guards it.
 */
const BY_DESIGN = /^sem\._libipc.*cur_ns_store|^(sem\.)?_libipc_(shm|mtx)_0_0_0_shm_arenaLend_nextPoolId$/;

/** Names of ours that exist now. */
export function flowIpcNames(folder = '/dev/shm') {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name.includes('_libipc') && !BY_DESIGN.test(name));
}

/** Takes stock now; the function returned tells which names are new since then. */
export function watchLeftovers(folder = '/dev/shm') {
  const before = new Set(flowIpcNames(folder));
  return () => flowIpcNames(folder).filter((name) => !before.has(name));
}
