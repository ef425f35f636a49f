// Who may talk to whom in the demo: one client program, one server program, both run by this user.
import type { ClientApp, ServerApp } from '@flow-ipc/session';

const uid = process.geteuid!();
const gid = process.getegid!();

// Sessions compare argv[0] as the kernel shows it; the command starts both processes as `node`.
const execPath = 'node';

export const CLIENT: ClientApp = { name: 'cli', execPath, uid, gid };

/** @param runDir a folder of this run's own, where server and client find each other */
export const server = (runDir: string): ServerApp => ({
  name: 'perfdemo',
  execPath,
  uid,
  gid,
  allowedClients: [CLIENT.name],
  runDir,
  permissionsLevel: 'group',
});

/** Both processes open two channels: blobs on the first, messages on the second. */
export const CHANNELS = 2;
export const RAW = 0;
export const STRUCTURED = 1;
