// The rules for tarballs and for the lock file, on bad ones.
import { expect, it } from 'vitest';
import { addresses } from '../lockfile.mjs';
import { tarballProblems } from '../package-rules.mjs';

const file = (path: string, text = '') => ({ path, content: Buffer.from(text) });
const good = [
  file('package.json', '{}'),
  file('README.md'),
  file('LICENSE'),
  file('dist/index.js'),
  file('dist/index.d.ts'),
  file('src/addon.cc'),
];
const options = { machinePaths: ['/build/here'] };

it('accepts a good tarball', () => {
  expect(tarballProblems(good, options)).toEqual([]);
});

it.each([
  ['a test', file('dist/test/a.js'), 'ships a test: dist/test/a.js'],
  ['a test by name', file('dist/a.test.js'), 'ships a test: dist/a.test.js'],
  ['a source', file('src/a.mjs'), 'ships a source: src/a.mjs'],
  ['TypeScript', file('a.ts'), 'ships TypeScript: a.ts'],
  [
    'what makes npm compile',
    file('binding.gyp'),
    'has binding.gyp at its root, which makes npm compile it at install',
  ],
  [
    'a machine path in a binary',
    file('x.node', '\0\xffat /build/here/x.cc\0'),
    'names a path of the machine that packed it (/build/here): x.node',
  ],
])('refuses %s', (_, bad, problem) => {
  expect(tarballProblems([...good, bad], options)).toEqual([problem]);
});

it('refuses what is missing or not replaced', () => {
  const bad = [file('package.json', '{"dependencies":{"a":"workspace:^"}}')];
  expect(tarballProblems(bad, options)).toEqual([
    'has no README.md',
    'has no LICENSE',
    'package.json still says "workspace:"',
  ]);
});

it('finds addresses in a lock file, but not in remarks of deprecation', () => {
  const lock = `packages:

  a@1.0.0:
    resolution: {integrity: sha512-x==}
    deprecated: See https://example.org

  b@1.0.0:
    deprecated: |-
      many lines: see https://example.org
    resolution: {integrity: sha512-x==, tarball: https://example.org/b.tgz}

  c@https://example.org/c:
    resolution: {integrity: sha512-x==}
`;
  expect(addresses(lock)).toEqual([
    'line 10: resolution: {integrity: sha512-x==, tarball: https://example.org/b.tgz}',
    'line 12: c@https://example.org/c:',
  ]);
});
