// What the session layer's tests share: apps of this very process, servers and sessions that go away again.
import { existsSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientApp, guardName, type ServerApp } from '../src/index.js';

const me = { execPath: process.argv0, uid: process.geteuid!(), gid: process.getegid!() };
let count = 0;
const undo: (() => unknown)[] = [];

export const keep = <T extends { close(): unknown }>(x: T): T => {
  undo.push(() => x.close());
  return x;
};

/** Undoes in reverse, and tells what of this process's names is left in /dev/shm. */
export async function tearDown(): Promise<string[]> {
  for (const f of undo.splice(0).reverse()) await f();
  return readdirSync('/dev/shm').filter((name) => name.includes(`test${process.pid}`));
}

export const CLI: ClientApp = { name: 'cli', ...me };

/** A server app with a name and a run directory of its own. */
export function serverApp(changes: Partial<ServerApp> = {}): ServerApp {
  const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-test-'));
  const app = { name: `test${process.pid}n${++count}`, ...me, allowedClients: ['cli'], runDir, ...changes };
  undo.push(() => {
    rmSync(runDir, { recursive: true });
    const guard = `/dev/shm/sem.${guardName(app)}`;
    if (existsSync(guard)) unlinkSync(guard);
  });
  return app;
}

/** At least `ms`, and then enough turns of the event loop that what was sent before has arrived, however busy the machine. */
export async function turn(ms = 0): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}
