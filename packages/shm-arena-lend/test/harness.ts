// What the tests of lending share: a session of this process with itself, and its structured channels.
import { existsSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardName } from '@flow-ipc/session';
import { Body } from '../../../examples/cache/src/generated/cache.capnp.js';
import {
  type ClientApp,
  ClientSession,
  type ConnectOptions,
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

/** Closes everything, the last first. Names that stay behind in shared memory: there should be none. */
export async function tearDown(): Promise<string[]> {
  for (const f of undo.splice(0).reverse()) await f();
  return poolFiles();
}

/** Pools of this process's tests that exist now. */
export const poolFiles = (): string[] =>
  readdirSync('/dev/shm').filter((name) => name.includes(`lend${process.pid}`));

export function apps(): { client: ClientApp; server: ServerApp } {
  const me = { execPath: process.argv0, uid: process.geteuid!(), gid: process.getegid!() };
  const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-test-'));
  const server = { name: `lend${process.pid}n${++count}`, ...me, allowedClients: ['cli'], runDir };
  undo.push(() => {
    rmSync(runDir, { recursive: true });
    const guard = `/dev/shm/sem.${guardName(server)}`;
    if (existsSync(guard)) unlinkSync(guard);
  });
  return { client: { name: 'cli', ...me }, server };
}

/** A session, and one structured channel at either end. */
export async function open(
  options: Partial<SessionServerOptions> = {},
  connect: Partial<ConnectOptions> = {},
) {
  const { client: CLI, server: SRV } = apps();
  const server = keep(await SessionServer.create({ server: SRV, clients: [CLI], ...options }));
  return { server, CLI, SRV, ...(await openOne(server, CLI, SRV, connect)) };
}

/** One more session with a server. */
export async function openOne(
  server: SessionServer,
  CLI: ClientApp,
  SRV: ServerApp,
  connect: Partial<ConnectOptions> = {},
) {
  const accepting = server.accept();
  const client = keep(await ClientSession.connect({ client: CLI, server: SRV, channels: 1, ...connect }));
  const session = keep(await accepting);
  session.initHandlers({});
  const ours = session.structured(session.channels[0]!, Body);
  const theirs = client.structured(client.channels[0]!, Body);
  return { session, client, ours, theirs };
}

/** At least `ms`, and then enough turns of the event loop that what was sent before has arrived, however busy the machine. */
export async function turn(ms = 0): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}

/** Waits for what happens in a moment, or for the test's time-out. */
export async function until(done: () => boolean): Promise<void> {
  while (!done()) await turn(2);
}

export { Body };
