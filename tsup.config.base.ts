// The one build recipe of every package: ESM and types, nothing bundled but the package's own files.
import type { Options } from 'tsup';

export const base = (entry: string[] = ['src/index.ts']): Options => ({
  entry,
  format: 'esm',
  target: 'node20',
  dts: true,
  sourcemap: true,
  clean: true,
  treeshake: true,
});
