// The published tarballs, installed by npm outside the workspace, with no compiler and no network.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = mkdtempSync(join(tmpdir(), 'flow-ipc-package-'));
after(() => rmSync(folder, { recursive: true, force: true }));

// What is tested here is the product, not the sanitizer build.
const clean = { ...process.env, LD_PRELOAD: '', FLOW_IPC_NATIVE_PATH: '' };

test('both tarballs install and load', {
  skip: process.platform !== 'linux' || process.arch !== 'x64',
}, () => {
  const packed = execFileSync(
    process.execPath,
    [join(root, 'scripts', 'pack-platform.mjs'), join(folder, 'tarballs')],
    {
      encoding: 'utf8',
      env: clean,
    },
  );
  const tarballs = packed.trim().split('\n');
  assert.equal(tarballs.length, 2);
  const contents = tarballs.map((file) =>
    execFileSync('tar', ['tzf', file], { encoding: 'utf8' }).split('\n'),
  );
  for (const list of contents) {
    for (const file of ['package.json', 'README.md', 'LICENSE', 'THIRD-PARTY-NOTICES.md']) {
      assert.ok(list.includes(`package/${file}`), `${file} in ${list}`);
    }
  }
  assert.ok(contents[0].includes('package/flow_ipc.node'));
  assert.ok(contents[1].includes('package/dist/index.js') && contents[1].includes('package/dist/index.d.ts'));
  // npm builds any package that has a binding.gyp, so there must be none.
  assert.ok(!contents[1].some((file) => /\.node$|binding\.gyp$/.test(file)));

  // A PATH with node, npm and what npm needs to run, but no compiler, make or Python.
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const tool of ['node', 'npm', 'sh', 'env']) {
    symlinkSync(
      execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(),
      join(bin, tool),
    );
  }
  const app = join(folder, 'app');
  mkdirSync(app);
  writeFileSync(join(app, 'package.json'), '{"name":"app","private":true,"type":"module"}');
  const env = {
    ...clean,
    PATH: bin,
    npm_config_cache: join(folder, 'cache'),
    npm_config_update_notifier: 'false',
  };
  for (const key of Object.keys(env))
    if (/^npm_(package|lifecycle|config_user_agent)/.test(key)) delete env[key];
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs], {
    cwd: app,
    env,
    stdio: 'pipe',
  });
  const installed = JSON.parse(readFileSync(join(app, 'node_modules/@flow-ipc/native/package.json'), 'utf8'));
  assert.ok(!JSON.stringify(installed).includes('workspace:'));
  assert.ok(!existsSync(join(app, 'node_modules/@flow-ipc/native/build')));
  const output = execFileSync(
    'node',
    [
      '--input-type=module',
      '-e',
      `import { version, socketPair, send, recv } from '@flow-ipc/native';
       const [a, b] = socketPair();
       const buf = new Uint8Array(4);
       send(a, buf, 0, 4, null, 0, 0, -1);
       console.log(recv(b, buf, 0, 4), version);`,
    ],
    { cwd: app, env, encoding: 'utf8' },
  );
  assert.match(output, /^4 flow_ipc .*native-linux-x64-gnu\/flow_ipc\.node/);
});
