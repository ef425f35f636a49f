// The manual's page of errors has every code that the packages can give, and no other.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { findFiles } from '../../bootstrap/find-files.mjs';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const CODE = /ERR_FLOW_IPC_[A-Z0-9_]*[A-Z0-9]\b/g;

/** Codes in the sources: whole strings. What merely begins like one (for a comparison) is none. */
function codesOfSources(): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of findFiles(root, (path) => /^(packages\/[^/]+\/src|native\/ts)\/.*\.ts$/.test(path))) {
    for (const [, code] of readFileSync(join(root, file), 'utf8').matchAll(/'(ERR_FLOW_IPC_\w*[A-Z0-9])'/g)) {
      found.set(code!, file);
    }
  }
  return found;
}

it('every code of the sources has its row on the page, and every row its code', () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(ERR_FLOW_IPC_\w+)` \| ([^|]+) \| ([^|]+) \|$/gm)];
  const codes = codesOfSources();
  expect(codes.size).toBeGreaterThan(60);
  const documented = rows.map(([, code]) => code!);
  const missing = [...codes]
    .filter(([code]) => !documented.includes(code))
    .map((entry) => entry.join(' of '));
  expect(missing, 'not on docs/errors.md').toEqual([]);
  expect(
    documented.filter((code) => !codes.has(code)),
    'in no source',
  ).toEqual([]);
  expect(new Set(documented).size, 'twice on the page').toBe(documented.length);
  // A code that is mentioned outside its row is not misspelt.
  for (const [code] of page.matchAll(CODE)) expect(documented).toContain(code);
});
