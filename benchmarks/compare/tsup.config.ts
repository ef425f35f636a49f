import { defineConfig } from 'tsup';
import { base } from '../../tsup.config.base.js';

// The command, the process that it starts for each side of a subject, one that is only there to be started, and the
// programs that count costs. Side by side, because they find each other there. Nobody imports them, so no types.
const entry = {
  main: 'src/main.ts',
  peer: 'src/peer/peer.ts',
  echo: 'src/peer/echo.ts',
  costs: 'src/costs.ts',
  crossings: 'src/crossings.ts',
};
export default defineConfig({ ...base(), entry, dts: false });
