import { defineConfig } from 'tsup';
import { base } from '../../tsup.config.base.js';

const entry = { supervisor: 'src/supervisor.ts', worker: 'src/worker.ts' };

export default defineConfig({ ...base(), entry, dts: false });
