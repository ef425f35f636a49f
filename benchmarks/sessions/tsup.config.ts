import { defineConfig } from 'tsup';
import { base } from '../../tsup.config.base.js';

// Two programs: the command, and the server that it starts. Nobody imports them, so no types.
export default defineConfig({ ...base(['src/main.ts', 'src/server.ts']), dts: false });
