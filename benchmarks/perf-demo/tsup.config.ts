import { defineConfig } from 'tsup';
import { base } from '../../tsup.config.base.js';

// Three programs: the command, and the two processes that it starts. Nobody imports them, so no types.
export default defineConfig({ ...base(['src/main.ts', 'src/server.ts', 'src/client.ts']), dts: false });
