// Names that no other process uses, removed when the test file ends; and descriptor counting.
import { readdirSync, unlinkSync } from 'node:fs';
import { afterAll } from 'vitest';
import { mqUnlink } from '../ts/index.js';

let counter = 0;
const names: string[] = [];

/** A fresh name for sockets, shared memory, queues and semaphores. What it left in the system goes away at the end. */
export function uniqueName(what = 'x'): string {
  const name = `flowipc_test_${process.pid}_${counter++}_${what}`;
  names.push(name);
  return name;
}

afterAll(() => {
  for (const name of names.splice(0)) {
    for (const file of [`/dev/shm/${name}`, `/dev/shm/sem.${name}`]) {
      try {
        unlinkSync(file);
      } catch {
        // Most names never got that far.
      }
    }
    try {
      mqUnlink(name);
    } catch {
      // Likewise.
    }
  }
});

/** A deterministic random source (xorshift), so that a failure can be repeated. */
export function random(seed: number): (limit: number) => number {
  let state = seed >>> 0 || 1;
  return (limit: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** Descriptors open in this process. */
export const fdCount = () => readdirSync('/proc/self/fd').length;

export const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'utf8'));

export const tick = (ms = 0) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The error that `action` throws, for looking at its fields. */
export function thrown(action: () => unknown): Error & { code?: string; errno?: number; syscall?: string } {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected an exception');
}
