// One vitest run over every package. Tests import packages by name and get their sources: no build in between.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const root = import.meta.dirname;

interface Manifest {
  name: string;
  exports?: Record<string, string | { default?: string }>;
}

/** Folders that hold packages: those of pnpm-workspace.yaml that other packages import from. */
const folders = ['native', ...children('packages'), ...children('tools'), ...children('benchmarks')];

function children(parent: string): string[] {
  if (!existsSync(join(root, parent))) return [];
  return readdirSync(join(root, parent)).map((name) => `${parent}/${name}`);
}

/** `@flow-ipc/x` and its sub-paths -> the source file that each entry of `exports` is built from. */
function aliases() {
  return folders.flatMap((folder) => {
    const file = join(root, folder, 'package.json');
    if (!existsSync(file)) return [];
    const { name, exports = {} } = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
    return Object.entries(exports).flatMap(([path, target]) => {
      const built = typeof target === 'string' ? target : target.default;
      if (!built?.startsWith('./dist/') || !built.endsWith('.js')) return [];
      const source = built.slice('./dist/'.length).replace(/\.js$/, '.ts');
      const found = ['src', 'ts']
        .map((dir) => join(root, folder, dir, source))
        .find((path) => existsSync(path));
      if (!found) return [];
      return [{ find: new RegExp(`^${name}${path.slice(1)}$`), replacement: found }];
    });
  });
}

export default defineConfig({
  resolve: { alias: aliases() },
  test: {
    include: ['{native,packages/*,tools/*,benchmarks/*,examples,examples/*}/test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.process.test.*'],
    // Processes rather than worker threads: the addon, descriptors and pids are a process's own.
    pool: 'forks',
    // For what hangs. A machine that others use as well may take five times as long as ours.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
  },
});
