import { defineConfig } from 'tsup';
import { base } from '../../tsup.config.base.js';

// A program; nobody imports it, so no types.
export default defineConfig({ ...base(['src/main.ts']), dts: false });
