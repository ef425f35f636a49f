// `flow-ipc-capnpc --watch` with real edits: what changes is generated again, mistakes are reported and waited out.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../dist/command.js', import.meta.url));
/** Far more than it takes; machines may be busy. */
const PATIENCE_MS = 60_000;

const dir = mkdtempSync(path.join(tmpdir(), 'capnpc-watch-'));
const at = (name) => path.join(dir, name);
const write = (name, text) => {
  mkdirSync(path.dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
};
const said = { out: '', err: '' };
let child;

async function until(what, condition) {
  const end = Date.now() + PATIENCE_MS;
  while (!condition()) {
    if (Date.now() > end) assert.fail(`${what}: nothing happened.\n${said.out}\n${said.err}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function generated(name) {
  try {
    return readFileSync(at(`${name}.ts`), 'utf8');
  } catch {
    return '';
  }
}

before(async () => {
  write('point.capnp', '@0xbf5147cbbecf40c1;\nstruct Point { x @0 :Int32; }\n');
  child = spawn(process.execPath, [COMMAND, '--watch', 'point.capnp'], {
    cwd: dir,
    env: { ...process.env, PWD: dir },
  });
  child.stdout.on('data', (data) => {
    said.out += data;
  });
  child.stderr.on('data', (data) => {
    said.err += data;
  });
  await until('start', () => said.out.includes('watching 1 schema\n'));
});

after(async () => {
  if (child.exitCode === null) {
    child.kill();
    await once(child, 'exit');
  }
  rmSync(dir, { recursive: true, force: true });
});

test('generates at once', () => {
  assert.match(said.out, /^written: point\.capnp\.ts\n/);
  assert.match(generated('point.capnp'), /get x\(\)/);
});

test('generates again after an edit', async () => {
  write('point.capnp', '@0xbf5147cbbecf40c1;\nstruct Point { x @0 :Int32; edited @1 :Text; }\n');
  await until('edit', () => generated('point.capnp').includes('get edited()'));
});

test('and after the file was replaced, as editors do', async () => {
  write('.point.swp', '@0xbf5147cbbecf40c1;\nstruct Point { x @0 :Int32; replaced @1 :Text; }\n');
  renameSync(at('.point.swp'), at('point.capnp'));
  await until('replacement', () => generated('point.capnp').includes('get replaced()'));
});

test('reports a mistake with file and line, keeps the output, and goes on when it is repaired', async () => {
  const before = generated('point.capnp');
  write('point.capnp', '@0xbf5147cbbecf40c1;\nstruct Point {\n  x @0 :Nonsense;\n}\n');
  await until('mistake', () => said.err.includes('point.capnp:3:9-17: error: Not defined: Nonsense'));
  assert.equal(generated('point.capnp'), before);
  write('point.capnp', '@0xbf5147cbbecf40c1;\nstruct Point { x @0 :Int32; repaired @1 :Text; }\n');
  await until('repair', () => generated('point.capnp').includes('get repaired()'));
});

test('follows imports that come later, however indirect', async () => {
  write('lib/deep.capnp', '@0xbf5147cbbecf40c3;\nconst depth :UInt16 = 1;\n');
  write(
    'lib/unit.capnp',
    '@0xbf5147cbbecf40c2;\nusing Deep = import "deep.capnp";\nstruct Unit { n @0 :UInt16 = Deep.depth; }\n',
  );
  write(
    'point.capnp',
    '@0xbf5147cbbecf40c1;\nusing U = import "lib/unit.capnp";\nstruct Point { unit @0 :U.Unit = (n = 5); }\n',
  );
  await until('import', () => generated('point.capnp').includes('get unit()'));
  const first = generated('point.capnp');
  write('lib/deep.capnp', '@0xbf5147cbbecf40c3;\nconst depth :UInt16 = 77;\n');
  await until('change of an imported file', () => generated('point.capnp') !== first);
});
