import { tmpdir } from 'node:os';
import { Universe } from '@flow-ipc/session';

const universe = new Universe({
  runDir: process.env.WEB_RUN_DIR ?? tmpdir(),
  apps: {
    web: { execPath: 'node', server: { allowedClients: ['webWorker'] } },
    webWorker: { execPath: 'node', descendantOfServer: true },
  },
});
export const WEB = universe.server('web');
export const WORKER = universe.client('webWorker');
