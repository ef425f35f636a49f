import { defineConfig } from 'tsup';
import { base } from '../../tsup.config.base.js';

export default defineConfig({
  ...base([
    'src/plain-node.ts',
    'src/own-loop.ts',
    'src/worker.ts',
    'src/session.ts',
    'src/session-server.ts',
  ]),
  dts: false,
});
