// The schemas of these tests for plain JavaScript: compiled on the way in.
import { readFileSync } from 'node:fs';
import ts from 'typescript';

async function generated(name) {
  const source = readFileSync(new URL(`../generated/${name}.capnp.ts`, import.meta.url), 'utf8');
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  const capnp = JSON.stringify(import.meta.resolve('@flow-ipc/capnp'));
  const url = `data:text/javascript,${encodeURIComponent(outputText.replaceAll("'@flow-ipc/capnp'", capnp))}`;
  return import(url);
}

export const { Body } = await generated('test-body');
export const { SideBody } = await generated('side-body');
