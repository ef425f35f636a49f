// What a test must give back: descriptors, and names that the kernel keeps.
import { readdirSync, readlinkSync } from 'node:fs';

const KERNEL_NAMES = ['/dev/shm', '/dev/mqueue'];

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Not mounted.
  }
}

/** Open descriptors of this process with what they refer to. */
function descriptors(): string[] {
  return list('/proc/self/fd').flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith('/proc/') ? [] : [`descriptor ${fd} (${target.replace(/\d+/, '')})`];
    } catch {
      return []; // The one that listed them.
    }
  });
}

/** Those names of shared memory and message queues that belong to this process: they carry its pid. */
function ownNames(): string[] {
  return KERNEL_NAMES.flatMap((folder) =>
    list(folder)
      .filter((name) => name.includes(String(process.pid)))
      .map((name) => `${folder}/${name}`),
  );
}

/** Everything held now. */
export const held = (): string[] => [...descriptors(), ...ownNames()];

/**
 * Waits until no more is held than `before`; some things go a moment after they are closed. Throws what stays.
 */
export async function checkReleased(before: readonly string[]): Promise<void> {
  const known = new Set(before);
  let left: string[] = [];
  for (let i = 0; i < 100; i++) {
    left = held().filter((item) => !known.has(item));
    if (left.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Not given back: ${left.join(', ')}`);
}
