// Whether a run fits: what is asked for, and that a machine without room is told apart.
import { beforeEach, expect, it, vi } from 'vitest';
import { noRoom } from '../src/room.js';

const machine = { memory: 0, shm: 0 };
vi.mock('../src/memory.js', () => ({
  availableBytes: () => machine.memory,
  sharedMemoryAvailable: () => machine.shm,
}));
beforeEach(() => {
  machine.memory = 8e9;
  machine.shm = 4e9;
});

it('finds room for 1 GB on an ordinary machine', () => {
  expect(noRoom(1e9, 'classic-socket')).toBeUndefined();
  expect(noRoom(1e9, 'shm-classic')).toBeUndefined();
});

it('needs the file twice for the classic technique, once for zero-copy', () => {
  machine.memory = 1.5e9;
  expect(noRoom(1e9, 'classic-socket')).toMatch(/^needs 2\.26 GB of memory, 1\.5 GB available$/);
  expect(noRoom(1e9, 'shm-classic')).toBeUndefined();
});

it('needs the file in /dev/shm for zero-copy only', () => {
  machine.shm = 64e6;
  expect(noRoom(1e9, 'shm-classic')).toMatch(/^needs 1\.02 GB in \/dev\/shm, which has 64 MB left$/);
  expect(noRoom(1e9, 'classic-socket')).toBeUndefined();
});
