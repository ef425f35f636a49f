// Where the loader looks, and what it says when nothing is there.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { platformPackage, version } from '../dist/index.js';
import { entry, node } from './process-support.mjs';

const folder = mkdtempSync(join(tmpdir(), 'flow-ipc-loader-'));
after(() => rmSync(folder, { recursive: true, force: true }));

// The package as installed, without a build and without the platform package.
cpSync(new URL('../dist', import.meta.url), join(folder, 'dist'), { recursive: true });
writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: '@flow-ipc/native', type: 'module' }));
const lone = pathToFileURL(join(folder, 'dist', 'index.js')).href;

const attempt = (from, env, flags) =>
  node(
    `try { const n = await import(args[0]); console.log(JSON.stringify({ version: n.version })); }
     catch (e) { console.log(JSON.stringify({ code: e.code, name: e.name, message: e.message, attempts: e.attempts, cause: e.cause?.code })); }`,
    [from],
    { entry: 'data:text/javascript,', env: { FLOW_IPC_NATIVE_PATH: '', ...env }, flags },
  ).exited.then(({ stdout, stderr }) => JSON.parse(stdout || JSON.stringify({ stderr })));

test('lists every place tried, with the reason, and what to do', async () => {
  const error = await attempt(lone);
  assert.equal(error.code, 'ERR_FLOW_IPC_NATIVE_NOT_FOUND');
  assert.equal(error.attempts.length, 2);
  assert.match(error.attempts[0], /build.Release.flow_ipc\.node: no such file/);
  assert.match(error.attempts[1], new RegExp(`^${platformPackage()}: Cannot find module`));
  assert.match(error.message, /scripts\/build\.mjs/);
  assert.match(error.message, /--allow-addons/);
  assert.match(error.message, /FLOW_IPC_NATIVE_PATH/);
});

test('an override is the only candidate', async () => {
  const { version: path } = { version: version.split(') ').at(-1) };
  assert.equal((await attempt(lone, { FLOW_IPC_NATIVE_PATH: path })).version, version);
  const error = await attempt(entry, { FLOW_IPC_NATIVE_PATH: join(folder, 'none.node') });
  assert.equal(error.code, 'ERR_FLOW_IPC_NATIVE_NOT_FOUND');
  assert.equal(error.attempts.length, 1);
  assert.match(error.attempts[0], /FLOW_IPC_NATIVE_PATH=.*no such file/);
});

test('a file that is no addon is reported with the loader’s reason, and the next place is tried', async () => {
  const broken = join(folder, 'broken');
  cpSync(join(folder, 'dist'), join(broken, 'dist'), { recursive: true });
  mkdirSync(join(broken, 'build', 'Release'), { recursive: true });
  writeFileSync(join(broken, 'package.json'), '{"type":"module"}');
  writeFileSync(join(broken, 'build', 'Release', 'flow_ipc.node'), 'not an ELF file');
  const error = await attempt(pathToFileURL(join(broken, 'dist', 'index.js')).href);
  assert.match(error.attempts[0], /file too short|invalid ELF header/);
  assert.equal(error.attempts.length, 2);
});

test('says so when Node runs with the permission model', async () => {
  const flag = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  const error = await attempt(entry, {}, [flag, '--allow-fs-read=*']);
  assert.equal(error.code, 'ERR_FLOW_IPC_NATIVE_NOT_FOUND', JSON.stringify(error));
  assert.match(error.message, /--allow-addons/);
});
