// Kernel names that tests left behind in /dev/shm.
import { existsSync, readdirSync } from 'node:fs';

/** The semaphore that guards a server's CNS file stays by design: removing it would race with its users. */
const BY_DESIGN = /^sem\._libipc.*cur_ns_store/;

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
