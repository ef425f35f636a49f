import { tmpdir } from 'node:os';
import type { ClientApp, ServerApp } from '@flow-ipc/shm';

// Both programs share this: who they are, as the kernel sees them. `node` is how they are started (argv[0]).
const me = { execPath: 'node', uid: process.geteuid!(), gid: process.getegid!() };
export const READER: ClientApp = { name: 'reader', ...me };
export const CACHE: ServerApp = { name: 'cache', ...me, allowedClients: ['reader'], runDir: tmpdir() };
