// What the tests of shared memory share: a session of this process with itself, and its structured channels.
import { existsSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardName } from '@flow-ipc/session';
import { Body } from '../../../examples/cache/src/generated/cache.capnp.js';
import {
  type ClientApp,
  ClientSession,
  type ServerApp,
  SessionServer,
  type SessionServerOptions,
} from '../src/index.js';

const undo: (() => unknown)[] = [];
let count = 0;

export const keep = <T extends { close(): unknown }>(x: T): T => {
  undo.push(() => x.close());
  return x;
};

export async function tearDown(): Promise<string[]> {
  for (const f of undo.splice(0).reverse()) await f();
  return readdirSync('/dev/shm').filter((name) => name.includes(`shm${process.pid}`));
}

export function apps(): { client: ClientApp; server: ServerApp } {
  const me = { execPath: process.argv0, uid: process.geteuid!(), gid: process.getegid!() };
  const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-test-'));
  const server = { name: `shm${process.pid}n${++count}`, ...me, allowedClients: ['cli'], runDir };
  undo.push(() => {
    rmSync(runDir, { recursive: true });
    const guard = `/dev/shm/sem.${guardName(server)}`;
    if (existsSync(guard)) unlinkSync(guard);
  });
  return { client: { name: 'cli', ...me }, server };
}

/** A session, and one structured channel at either end. */
export async function open(options: Partial<SessionServerOptions> = {}) {
  const { client: CLI, server: SRV } = apps();
  const server = keep(await SessionServer.create({ server: SRV, clients: [CLI], ...options }));
  const accepting = server.accept();
  const client = keep(await ClientSession.connect({ client: CLI, server: SRV, channels: 1 }));
  const session = keep(await accepting);
  session.initHandlers({});
  const ours = session.structured(session.channels[0]!, Body);
  const theirs = client.structured(client.channels[0]!, Body);
  return { server, session, client, ours, theirs, CLI, SRV };
}

/** At least `ms`, and then enough turns of the event loop that what was sent before has arrived, however busy the machine. */
export async function turn(ms = 0): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}

export { Body };
