import { defineConfig } from 'tsup';
import { base } from '../../tsup.config.base.js';

const entry = { server: 'src/server.ts', worker: 'src/worker.ts' };

export default defineConfig({ ...base(), entry, dts: false });
