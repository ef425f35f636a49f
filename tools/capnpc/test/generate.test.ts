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

  it('shows annotations behind the doc comments, whatever their type', () => {
    const { 'a.capnp.ts': content } = generated({
      'a.capnp': `${ID}
annotation unit(field) :Text;
annotation old(struct, enumerant) :Void;
annotation limit(*) :Float64;
annotation level(*) :Level;
annotation all(*) :All;
enum Level { low @0; high @1 $old; }
struct All {
  numbers @0 :List(Int16); bits @1 :List(Bool); small @2 :Int8 = -3; flag @3 :Bool = true; big @4 :UInt64;
  level @5 :Level = high; bytes @6 :Data; nested @7 :List(List(Text)); inner @8 :All;
  union { none @9 :Void; some @10 :Float32; }
}
struct S $old $limit(1.5) $level(high) $all(numbers = [1, -2], bits = [true], big = 18446744073709551615,
    bytes = 0x"01ff", nested = [["a"], []], inner = (small = 5, flag = false), some = 0.5) {
  # Documented.
  x @0 :Int8 $unit("m/s");
  # The x.
  y @1 :Int8 $unit("K");
}
`,
    });
    expect(content).toContain('  /**\n   * The x.\n   *\n   * `$unit("m/s")`\n   */\n  get x(): number');
    expect(content).toContain('  /** `$unit("K")` */\n  get y(): number');
    expect(content).toContain('  /** `$old` */\n  high: 1,');
    const inner = '(small = 5, flag = false, big = 0, level = high, none = void)';
    expect(content).toContain(
      '/**\n * Documented.\n *\n * `$old`\n * `$limit(1.5)`\n * `$level(high)`\n' +
        ' * `$all(numbers = [1, -2], bits = [true], small = -3, flag = true, big = 18446744073709551615, level = high, ' +
        `bytes = 0x"01ff", nested = [["a"], []], inner = ${inner}, some = 0.5)\`\n */\nexport class SReader`,
    );
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
