// Builds the addon with node-gyp into build/Release, unless nothing that matters has changed since the last time.
// --sanitize builds the ASan + UBSan variant into build-asan/ instead; --force builds in any case.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureJemalloc, jemallocFolder } from './jemalloc.mjs';

const require = createRequire(import.meta.url);
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sanitize = process.argv.includes('--sanitize');
const force = process.argv.includes('--force');

const target = join(root, sanitize ? 'build-asan' : 'build');
const output = join(target, 'Release', 'flow_ipc.node');
const stampFile = join(target, 'flow-ipc.stamp');
// node-gyp empties ./build of the folder with the recipe. It gets a folder of its own, and the result replaces the
// old one in one step: processes that load the addon while we build never find it missing.
const stage = join(target, 'stage');
const nodeDir = resolve(process.execPath, '../..');
const hasHeaders = existsSync(join(nodeDir, 'include/node/node_api.h'));
const compiler = process.env.CXX ?? 'c++';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

function fail(message) {
  console.error(`@flow-ipc/native: ${message}`);
  process.exit(1);
}

function fingerprint() {
  const hash = createHash('sha256');
  const files = [fileURLToPath(import.meta.url)];
  for (const name of readdirSync(join(root, 'src')).sort()) files.push(join(root, 'src', name));
  files.push(require.resolve('node-addon-api/package.json', { paths: [root] }));
  // What of Node itself the object code depends on.
  if (hasHeaders)
    files.push(
      join(nodeDir, 'include/node/node_version.h'),
      join(nodeDir, 'include/node/js_native_api_types.h'),
    );
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(file));
  for (const key of ['CXX', 'CC', 'CXXFLAGS', 'CFLAGS', 'CPPFLAGS', 'LDFLAGS'])
    hash.update(`${key}=${process.env[key] ?? ''}\0`);
  hash.update(`${process.arch} ${process.version} ${sanitize} ${version} ${jemallocFolder()}`);
  return hash.digest('hex');
}

/** Says plainly what is missing before node-gyp says it in two hundred lines. */
function checkTools() {
  if (spawnSync(compiler, ['--version']).error)
    fail(
      `no C++ compiler: '${compiler}' cannot be run. Install g++ 9 or newer (Debian: g++, make, python3).`,
    );
  if (spawnSync('make', ['--version']).error)
    fail("'make' cannot be run. Install it (Debian: make, python3).");
  const probe = spawnSync(compiler, ['-std=c++17', '-x', 'c++', '-E', '-o', '/dev/null', '-'], {
    input: '#include <boost/interprocess/segment_manager.hpp>\n',
    encoding: 'utf8',
  });
  if (probe.status !== 0)
    fail(
      `the Boost headers are missing or unusable (Debian: libboost-dev). The compiler says:\n${probe.stderr}`,
    );
}

const wanted = fingerprint();
if (!force && existsSync(output) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) {
  console.log(`@flow-ipc/native: ${output} is up to date`);
  process.exit(0);
}

checkTools();
let jemalloc;
try {
  jemalloc = ensureJemalloc((line) => console.log(`@flow-ipc/native: ${line}`));
} catch (error) {
  fail(error.message);
}
rmSync(stage, { recursive: true, force: true });
mkdirSync(stage, { recursive: true });
symlinkSync(join(root, 'src'), join(stage, 'src'));
const recipe = readFileSync(join(root, 'src', 'binding.gyp'), 'utf8');
const setVariable = (text, from, to) => {
  if (!text.includes(from)) fail(`binding.gyp no longer has the variable ${from}`);
  return text.replace(from, to);
};
const filled = [
  ['"flow_ipc_sanitize%": 0', `"flow_ipc_sanitize%": ${Number(sanitize)}`],
  ['"flow_ipc_version%": "dev"', `"flow_ipc_version%": "${version}"`],
  ['"flow_ipc_jemalloc%": ""', `"flow_ipc_jemalloc%": ${JSON.stringify(jemalloc)}`],
].reduce((text, [from, to]) => setVariable(text, from, to), recipe);
writeFileSync(join(stage, 'binding.gyp'), filled);
const nodeGyp = join(dirname(require.resolve('node-gyp/package.json', { paths: [root] })), 'bin/node-gyp.js');
const args = [nodeGyp, 'rebuild', '--loglevel=warn', '--jobs=max'];
if (hasHeaders) args.push(`--nodedir=${nodeDir}`);
const built = spawnSync(process.execPath, args, { cwd: stage, stdio: 'inherit' });
if (built.status !== 0) fail(`node-gyp failed (${built.signal ?? `exit code ${built.status}`})`);
mkdirSync(dirname(output), { recursive: true });
renameSync(join(stage, 'build', 'Release', 'flow_ipc.node'), output);
writeFileSync(stampFile, wanted);
rmSync(stage, { recursive: true, force: true });
