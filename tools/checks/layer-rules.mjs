// Which layer may import which, and the rules that every import of a package's sources follows.
import { isBuiltin } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { importsOf } from './imports.mjs';

export const SCOPE = '@flow-ipc/';

/** Each layer with the layers that it may know: only ones before it. */
export const LAYERS = /** @type {Record<string, string[]>} */ ({
  native: [],
  capnp: [],
  core: ['native'],
  structured: ['capnp', 'core'],
  session: ['native', 'capnp', 'core', 'structured'],
  shm: ['native', 'capnp', 'core', 'structured', 'session'],
  'shm-arena-lend': ['native', 'capnp', 'core', 'structured', 'session', 'shm'],
});

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {Record<string, unknown>} [exports]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [optionalDependencies]
 * @property {Record<string, string>} [peerDependencies]
 *
 * @typedef {object} SourcePackage
 * @property {string} folder absolute
 * @property {Manifest} manifest
 * @property {{ path: string, text: string }[]} sources absolute paths
 */

/** @param {string} specifier */
const packageOf = (specifier) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/**
 * Everything that is wrong with the imports of these packages, one sentence each.
 * @param {SourcePackage[]} packages
 * @returns {string[]}
 */
export function layerProblems(packages) {
  const byName = new Map(packages.map((p) => [p.manifest.name, p.manifest]));
  return packages.flatMap((p) => problemsOf(p, byName));
}

/**
 * @param {SourcePackage} subject
 * @param {Map<string, Manifest>} byName
 */
function problemsOf({ folder, manifest, sources }, byName) {
  /** @type {string[]} */
  const problems = [];
  const layer = manifest.name.slice(SCOPE.length);
  const allowed = LAYERS[layer];
  if (!manifest.name.startsWith(SCOPE) || !allowed)
    return [`${manifest.name}: not a known layer (layer-rules.mjs lists them)`];
  if (sources.length === 0) problems.push(`${manifest.name}: has no sources`);

  const declared = manifest.dependencies ?? {};
  const atRunTime = { ...declared, ...manifest.optionalDependencies, ...manifest.peerDependencies };
  /** @type {Set<string>} */
  const used = new Set();
  for (const { path, text } of sources) {
    for (const specifier of importsOf(path, text)) {
      const where = `${manifest.name}: ${relative(folder, path)} imports '${specifier}'`;
      if (specifier.startsWith('.') || specifier.startsWith('/')) {
        if (relative(folder, resolve(dirname(path), specifier)).startsWith('..'))
          problems.push(`${where}: outside its own package`);
        continue;
      }
      if (isBuiltin(specifier)) continue;
      const name = packageOf(specifier);
      used.add(name);
      if (name === manifest.name) {
        problems.push(`${where}: its own package; use a relative path`);
        continue;
      }
      if (!(name in atRunTime)) problems.push(`${where}: not in its package.json dependencies`);
      if (!name.startsWith(SCOPE)) continue;
      if (!allowed.includes(name.slice(SCOPE.length)))
        problems.push(`${where}: ${layer} may know only ${allowed.join(', ') || 'nobody'}`);
      const entry = `.${specifier.slice(name.length)}`;
      const exported = byName.get(name)?.exports;
      if (exported && !(entry in exported)) problems.push(`${where}: not a public entry of ${name}`);
    }
  }
  for (const name of Object.keys(declared)) {
    if (!used.has(name)) problems.push(`${manifest.name}: dependency ${name} is never imported`);
  }
  return problems;
}
