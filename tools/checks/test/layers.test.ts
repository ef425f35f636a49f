// The layer rules on small bad packages: each rule must catch its own breach, and a good package must pass.
import { describe, expect, it } from 'vitest';
import { importsOf } from '../imports.mjs';
import { LAYERS, layerProblems, type SourcePackage } from '../layer-rules.mjs';

function fixture(
  layer: string,
  text: string,
  dependencies: string[] = [],
  file = 'src/index.ts',
): SourcePackage {
  const folder = `/w/${layer}`;
  return {
    folder,
    manifest: {
      name: `@flow-ipc/${layer}`,
      exports: { '.': './dist/index.js', './package.json': './package.json' },
      dependencies: Object.fromEntries(dependencies.map((name) => [name, '*'])),
    },
    sources: [{ path: `${folder}/${file}`, text }],
  };
}

const native = fixture('native', 'export const x = 1;');
const problems = (subject: SourcePackage) => layerProblems([native, subject]);

describe('layers', () => {
  it('accepts imports that point down, are declared and public', () => {
    const good = fixture(
      'core',
      `import { x } from '@flow-ipc/native'; import fs from 'node:fs'; import './x.js'; import '../ts/y.js';`,
      ['@flow-ipc/native'],
    );
    expect(problems(good)).toEqual([]);
  });

  it.each([
    ['a static import', `import { x } from '@flow-ipc/session';`],
    ['a type import', `import type { X } from '@flow-ipc/session';`],
    ['an import type', `type X = import('@flow-ipc/session').X;`],
    ['a dynamic import', `const x = await import('@flow-ipc/session');`],
    ['a re-export', `export * from '@flow-ipc/session';`],
    ['a require', `const x = require('@flow-ipc/session');`],
    ['an import with equals', `import x = require('@flow-ipc/session');`],
  ])('refuses %s that points up', (_, text) => {
    expect(problems(fixture('core', text, ['@flow-ipc/session']))).toEqual([
      `@flow-ipc/core: src/index.ts imports '@flow-ipc/session': core may know only native`,
    ]);
  });

  it('refuses a side-ways import', () => {
    const found = problems(fixture('capnp', `import '@flow-ipc/native';`, ['@flow-ipc/native']));
    expect(found).toEqual([
      `@flow-ipc/capnp: src/index.ts imports '@flow-ipc/native': capnp may know only nobody`,
    ]);
  });

  it('refuses an undeclared import, of ours and of others', () => {
    expect(problems(fixture('core', `import '@flow-ipc/native'; import 'left-pad/x';`))).toEqual([
      `@flow-ipc/core: src/index.ts imports '@flow-ipc/native': not in its package.json dependencies`,
      `@flow-ipc/core: src/index.ts imports 'left-pad/x': not in its package.json dependencies`,
    ]);
  });

  it('refuses a dependency that is never imported', () => {
    expect(problems(fixture('core', '', ['@flow-ipc/native']))).toEqual([
      '@flow-ipc/core: dependency @flow-ipc/native is never imported',
    ]);
  });

  it("refuses another package's internals, by name and by path", () => {
    const text = `import '@flow-ipc/native'; import '@flow-ipc/native/dist/loader.js'; import '../../native/ts/loader.js';`;
    expect(problems(fixture('core', text, ['@flow-ipc/native']))).toEqual([
      `@flow-ipc/core: src/index.ts imports '@flow-ipc/native/dist/loader.js': not a public entry of @flow-ipc/native`,
      `@flow-ipc/core: src/index.ts imports '../../native/ts/loader.js': outside its own package`,
    ]);
  });

  it('refuses an import of itself by name', () => {
    expect(problems(fixture('core', `import '@flow-ipc/core';`))[0]).toMatch(/use a relative path/);
  });

  it('refuses a package that it does not know or that is empty', () => {
    expect(problems(fixture('extra', ''))).toEqual([
      '@flow-ipc/extra: not a known layer (layer-rules.mjs lists them)',
    ]);
    expect(problems({ ...fixture('core', ''), sources: [] })).toEqual(['@flow-ipc/core: has no sources']);
  });

  it('is not fooled by comments and strings', () => {
    expect(importsOf('a.ts', `// import 'a'\nconst s = "import 'b'"; /* require('c') */`)).toEqual([]);
  });

  it('lists each layer after those that it may know', () => {
    const order = Object.keys(LAYERS);
    for (const [layer, known] of Object.entries(LAYERS))
      for (const name of known) expect(order.indexOf(name)).toBeLessThan(order.indexOf(layer));
  });
});
