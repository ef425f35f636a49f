// Check: imports point down the layers only, to public entries, and agree with each package.json.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findFiles } from '../bootstrap/find-files.mjs';
import { LAYERS, layerProblems } from './layer-rules.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** @param {string} layer */
function readPackage(layer) {
  const folder = layer === 'native' ? join(root, 'native') : join(root, 'packages', layer);
  const sources = ['src', 'ts']
    .filter((name) => existsSync(join(folder, name)))
    .flatMap((name) =>
      findFiles(join(folder, name), (path) => /\.[cm]?ts$/.test(path)).map((path) =>
        join(folder, name, path),
      ),
    );
  return {
    folder,
    manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
    sources: sources.map((path) => ({ path, text: readFileSync(path, 'utf8') })),
  };
}

const packages = Object.keys(LAYERS).map(readPackage);
const problems = layerProblems(packages);
for (const problem of problems) console.log(problem);
const files = packages.reduce((n, p) => n + p.sources.length, 0);
console.log(`layers: ${files} source files of ${packages.length} packages, ${problems.length} problems`);
process.exitCode = problems.length > 0 ? 1 : 0;
