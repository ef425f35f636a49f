import { tmpdir } from 'node:os';
import { Universe } from '@flow-ipc/session';

// In a real program this is a JSON file that all of them read: Universe.load('/etc/squares/universe.json').
const universe = new Universe({
  runDir: process.env.SQUARES_RUN_DIR ?? tmpdir(),
  apps: {
    supervisor: { execPath: 'node', server: { allowedClients: ['worker'] } },
    // A process that the supervisor has not started is no worker, whatever it says.
    worker: { execPath: 'node', descendantOfServer: true },
  },
});
export const WORKER = universe.client('worker');
export const SUPERVISOR = universe.server('supervisor');
