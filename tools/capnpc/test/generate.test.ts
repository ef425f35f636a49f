// What is generated, from requests of the real compiler.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { compile, GeneratorError, generate } from '../src/index.js';
import { temporary } from './temporary.js';

vi.setConfig({ testTimeout: 120_000 });

let remove = (): void => {};
afterEach(() => remove());

function generated(files: Readonly<Record<string, string>>): Record<string, string> {
  const made = temporary(files);
  remove = made.remove;
  const outputs = compile(Object.keys(files), { cwd: made.dir });
  return Object.fromEntries(outputs.map(({ path: name, content }) => [name, content]));
}

const ID = '@0xbf5147cbbecf40c1;\n';

describe('generate', () => {
  it('carries doc comments over, and nothing that ends one', () => {
    const { 'a.capnp.ts': content } = generated({
      'a.capnp': `${ID}# About the file.\nstruct S {\n  # First */ line.\n  #\n  # Last.\n  x @0 :Int8;\n  # The x.\n}\n`,
    });
    expect(content).toContain('// About the file.\n');
    expect(content).toContain('/**\n * First *\\/ line.\n *\n * Last.\n */\nexport class SReader');
    expect(content).toContain('  /** The x. */\n  get x(): number');
  });

  it('imports only the package and generated neighbours', () => {
    const outputs = generated({
      'one.capnp': `${ID}using Two = import "two/two.capnp";\nstruct One { two @0 :Two.Two; }\n`,
      'two/two.capnp':
        '@0xd2b7a1c09e4f5386;\nusing O = import "../one.capnp";\nstruct Two { one @0 :List(O.One); }\n',
    });
    const imports = (name: string) => outputs[name]!.match(/^import .*$/gm);
    expect(imports('one.capnp.ts')).toEqual([
      "import * as $ from '@flow-ipc/capnp';",
      "import * as two$ from './two/two.capnp.js';",
    ]);
    expect(imports('two/two.capnp.ts')).toEqual([
      "import * as $ from '@flow-ipc/capnp';",
      "import * as one$ from '../one.capnp.js';",
    ]);
  });

  it('needs nothing for a file of enums', () => {
    const { 'e.capnp.ts': content } = generated({ 'e.capnp': `${ID}enum E { a @0; b @1; }\n` });
    expect(content).not.toContain('import');
    expect(content).toContain('export const E = {\n  a: 0,\n  b: 1,\n} as const;');
  });

  it('is the same for the same schema, whatever else is compiled with it', () => {
    const a = `${ID}struct A { x @0 :Text; }\n`;
    const alone = generated({ 'a.capnp': a })['a.capnp.ts'];
    remove();
    const together = generated({
      'b.capnp': '@0xd2b7a1c09e4f5386;\nstruct B { y @0 :Data; }\n',
      'a.capnp': a,
    });
    expect(together['a.capnp.ts']).toBe(alone);
  });

  it('passes tsc with the strictest flags, also outside this repository', () => {
    const outputs = generated({
      'deep/all.capnp':
        `${ID}using N = import "../n.capnp";\n` +
        'struct S {\n  union { a @0 :Void; b @1 :N.N.Inner; g :group { x @2 :UInt64; l @3 :List(List(N.E)); } }\n' +
        '  t @4 :Text = "x"; n @5 :S; any @6 :AnyPointer; e @7 :N.E = two; b2 @8 :N.Box(Text); }\n' +
        'const c :S = (t = "y");\nconst es :List(N.E) = [one, two];\n',
      'n.capnp':
        '@0xd2b7a1c09e4f5386;\nstruct N { struct Inner { f @0 :Float32 = inf; } i @0 :Inner; }\n' +
        'enum E { one @0; two @1; }\nstruct Box(T) { v @0 :T; l @1 :List(Text); }\n',
    });
    const made = temporary(outputs);
    remove = made.remove;
    const root = fileURLToPath(new URL('../../..', import.meta.url));
    const config = {
      compilerOptions: {
        target: 'ES2022',
        lib: ['ES2023', 'ESNext.Disposable'],
        module: 'NodeNext',
        strict: true,
        noUncheckedIndexedAccess: true,
        noImplicitOverride: true,
        exactOptionalPropertyTypes: true,
        isolatedModules: true,
        verbatimModuleSyntax: true,
        noUnusedLocals: true,
        noPropertyAccessFromIndexSignature: true,
        declaration: true,
        skipLibCheck: false,
        outDir: 'out',
        types: ['node'],
        typeRoots: [path.join(root, 'node_modules/@types')],
        paths: { '@flow-ipc/capnp': [path.join(root, 'packages/capnp/dist/index.d.ts')] },
      },
    };
    writeFileSync(path.join(made.dir, 'tsconfig.json'), JSON.stringify(config));
    writeFileSync(path.join(made.dir, 'package.json'), '{ "type": "module" }');
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', made.dir], { encoding: 'utf8' });
    expect([stdout, status]).toEqual(['', 0]);
  });
});

describe('errors', () => {
  it('a damaged request is a GeneratorError', () => {
    for (const bytes of [
      new Uint8Array(0),
      new Uint8Array(100).fill(0xff),
      Buffer.from('not a request at all'),
    ]) {
      expect(() => generate(bytes)).toThrow(GeneratorError);
    }
  });

  it('a missing compiler is named', () => {
    expect(() => compile(['x.capnp'], { capnp: 'no-such-capnp' })).toThrow(
      /`no-such-capnp` was not found.*capnproto/,
    );
  });
});
