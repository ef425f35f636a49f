// Removes what dead processes left in shared memory: at start, and every half minute (feature 219).
import { readFileSync, statSync } from 'node:fs';
import { processRunning, removeEachPersistentIf, sharedMemoryObjects } from '@flow-ipc/core';
import { type PoolOwner, poolOwner } from './pool-names.js';

const PERIOD_MS = 30_000;
/** A pool is mapped by its owner from microseconds after it was made. */
const SURELY_MAPPED_MS = 5000;

/**
 * Whether nobody owns the pool any more: its owner is gone, or what runs under that process id now is another process.
 * An owner has its pools mapped, all the time; where we may not look, it gets the benefit of the doubt.
 */
function isStale(file: string, owner: PoolOwner, mapsOf: (pid: number) => string | undefined): boolean {
  if (!processRunning(owner.pid)) return true;
  try {
    if (Date.now() - statSync(`/dev/shm/${file}`).mtimeMs < SURELY_MAPPED_MS) return false;
  } catch {
    return false;
  }
  const maps = mapsOf(owner.pid);
  return maps !== undefined && !maps.includes(`/dev/shm/${file}`);
}

/** Looks once. The pools that were removed; others' that we may not remove are left. */
export function removeStalePools(isOurs: (owner: PoolOwner) => boolean): string[] {
  const known = new Map<number, string | undefined>();
  const mapsOf = (pid: number) => {
    if (!known.has(pid)) known.set(pid, readMaps(pid));
    return known.get(pid);
  };
  const stale: string[] = [];
  removeEachPersistentIf(sharedMemoryObjects, (name) => {
    const owner = poolOwner(String(name));
    const found = owner !== undefined && isOurs(owner) && isStale(String(name), owner, mapsOf);
    if (found) stale.push(String(name));
    return found;
  });
  return stale;
}

function readMaps(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch {
    return undefined;
  }
}

const sweeps = new Map<string, { users: number; timer: NodeJS.Timeout }>();

/**
 * Looks now and every 30 s, until stop() of what is returned was called as often as this. A server looks after the pools
 * of its app, its clients' for it included; a client after those of its own app.
 */
export function keepSweeping(
  role: 'server' | 'client',
  app: string,
): { removed: string[]; stop: () => void } {
  const isOurs = (owner: PoolOwner) => (role === 'server' ? owner.serverApp : owner.clientApp) === app;
  const key = `${role} ${app}`;
  const removed = removeStalePools(isOurs);
  let sweep = sweeps.get(key);
  if (!sweep) {
    sweep = { users: 0, timer: setInterval(() => removeStalePools(isOurs), PERIOD_MS).unref() };
    sweeps.set(key, sweep);
  }
  sweep.users++;
  const { timer } = sweep;
  let stopped = false;
  const stop = () => {
    if (stopped) return;
    stopped = true;
    sweep.users--;
    if (sweep.users > 0) return;
    clearInterval(timer);
    sweeps.delete(key);
  };
  return { removed, stop };
}
