import { defineConfig } from 'tsup';
import { base } from '../../tsup.config.base.js';

export default defineConfig({
  ...base(),
  entry: { main: 'src/main.ts', reader: 'src/reader.ts' },
  dts: false,
});
