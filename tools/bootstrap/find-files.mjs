// Finds files of the workspace by name, leaving out what is built or installed.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

const LEFT_OUT = new Set([
  'node_modules',
  'dist',
  'build',
  'build-asan',
  'build-tsan',
  'coverage',
  'results',
]);

/**
 * Paths relative to `root`, sorted, of all files below it that `matches`.
 * @param {string} root
 * @param {(path: string) => boolean} matches
 */
export function findFiles(root, matches) {
  /** @type {string[]} */
  const found = [];
  /** @param {string} folder */
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!LEFT_OUT.has(entry.name) && !entry.name.startsWith('.')) walk(path);
      } else if (entry.isFile() && matches(relative(root, path))) {
        found.push(relative(root, path));
      }
    }
  };
  walk(root);
  return found.sort();
}
