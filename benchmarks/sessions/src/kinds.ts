// The kinds of sessions, and who the two programs are.
import { type ClientApp, ClientSession, type ServerApp, SessionServer } from '@flow-ipc/session';
import * as classic from '@flow-ipc/shm';
import * as jemalloc from '@flow-ipc/shm-arena-lend';

export const KINDS = {
  heap: { ClientSession, SessionServer },
  'SHM-classic': classic,
  'SHM-jemalloc': jemalloc,
} as const;

export type Kind = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as Kind[];

/** Both programs were started as `argv0`, and the server by the client. */
export function apps(
  pid: number,
  argv0: string,
  runDir: string,
): { client: ClientApp; servers: Record<Kind, ServerApp> } {
  const me = { execPath: argv0, uid: process.geteuid!(), gid: process.getegid!() };
  const client = { name: 'bench', ...me };
  const servers = KIND_NAMES.map((kind, i) => [
    kind,
    { name: `bench${pid}k${i}`, ...me, allowedClients: ['bench'], runDir },
  ]);
  return { client, servers: Object.fromEntries(servers) };
}

/** What the client starts the server with. */
export interface ServerJob {
  pid: number;
  argv0: string;
  runDir: string;
}
