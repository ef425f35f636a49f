// The first TypeScript example of these READMEs is a whole program: it runs, and it ends by itself.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';

const run = promisify(execFile);
const root = new URL('../../../', import.meta.url);

for (const name of ['core', 'session']) {
  test(`the example of packages/${name}/README.md`, async () => {
    const readme = readFileSync(new URL(`packages/${name}/README.md`, root), 'utf8');
    const code = /```ts\n([\s\S]*?)```/.exec(readme)[1];
    const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
    const { outputText } = ts.transpileModule(code, { compilerOptions: options });
    // Inside the package, where its own name and its dependencies are found.
    const program = fileURLToPath(new URL(`packages/${name}/test/readme-${process.pid}.tmp.mjs`, root));
    writeFileSync(program, outputText);
    try {
      const { stdout } = await run('node', [program], { timeout: 20_000 });
      assert.match(stdout, new RegExp(`${process.geteuid()}|process`));
    } finally {
      rmSync(program);
    }
  });
}
