// Does a run fit into this machine? Asked before it starts: running out half-way would end other programs too.

import { formatSize } from '@flow-ipc/bench-kit';
import { availableBytes, sharedMemoryAvailable } from './memory.js';
import type { Technique } from './techniques.js';

/** Two Node.js processes, their heaps and buffers. */
const PROCESSES = 256e6;
const SLACK = 16e6;

/** The reason why a run does not fit, or undefined when it does. */
export function noRoom(size: number, technique: Technique): string | undefined {
  const available = availableBytes();
  // The classic technique holds the file twice, on the heap of either process; zero-copy once, in /dev/shm.
  const needed = PROCESSES + size * (technique === 'classic-socket' ? 2 : 1);
  if (needed > available) {
    return `needs ${formatSize(needed)} of memory, ${formatSize(available)} available`;
  }
  const shm = sharedMemoryAvailable();
  if (technique !== 'classic-socket' && size + SLACK > shm) {
    return `needs ${formatSize(size + SLACK)} in /dev/shm, which has ${formatSize(shm)} left`;
  }
  return undefined;
}
