// Who the two programs of the session are: shared by both sides.
import { tmpdir } from 'node:os';
import { Universe } from '@flow-ipc/session';

const universe = new Universe({
  runDir: process.env.LOOPS_RUN_DIR ?? tmpdir(),
  apps: {
    asker: { execPath: 'node' },
    shouter: { execPath: 'node', server: { allowedClients: ['asker'] } },
  },
});
export const SHOUTER = universe.server('shouter');
export const ASKER = universe.client('asker');
