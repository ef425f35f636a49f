// Makes the two tarballs that are published: the platform package with the (stripped) binary, and @flow-ipc/native.
// The latter has no sources: npm compiles whatever package contains a binding.gyp, asked or not.
// Usage: node scripts/pack-platform.mjs [folder for the tarballs, default npm/]. Prints their paths, one a line.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const target = resolve(process.argv[2] ?? join(root, 'npm'));
const platform = 'linux-x64-gnu';
const built = join(root, 'build', 'Release', 'flow_ipc.node');

function fail(message) {
  console.error(`pack-platform: ${message}`);
  process.exit(1);
}

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

function npmPack(folder) {
  const output = execFileSync('npm', ['pack', '--json', '--pack-destination', target], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    // No script of the package runs, and npm has nothing to ask anybody.
    env: { ...process.env, npm_config_ignore_scripts: 'true', npm_config_update_notifier: 'false' },
  });
  return join(target, JSON.parse(output)[0].filename);
}

if (process.platform !== 'linux' || process.arch !== 'x64') fail(`${platform} is packed on Linux x64 only`);
if (!existsSync(built)) fail('no build: run `node scripts/build.mjs` first');
if (!existsSync(join(root, 'dist', 'index.js'))) fail('no dist: run `npx tsup` first');

const platformFolder = join(root, 'npm', platform);
const main = readJson(join(root, 'package.json'));
const platformVersion = readJson(join(platformFolder, 'package.json')).version;
const licence = join(root, '..', 'LICENSE');

mkdirSync(target, { recursive: true });
const stage = mkdtempSync(join(tmpdir(), 'flow-ipc-pack-'));
try {
  const binary = join(platformFolder, 'flow_ipc.node');
  copyFileSync(built, binary);
  execFileSync('strip', ['--strip-unneeded', binary], { stdio: 'inherit' });
  cpSync(platformFolder, join(stage, 'platform'), { recursive: true });
  copyFileSync(join(root, 'THIRD-PARTY-NOTICES.md'), join(stage, 'platform', 'THIRD-PARTY-NOTICES.md'));

  // The workspace protocol means something inside this repository only.
  for (const name of Object.keys(main.optionalDependencies))
    main.optionalDependencies[name] = platformVersion;
  delete main.scripts;
  delete main.devDependencies;
  mkdirSync(join(stage, 'native'));
  for (const entry of main.files) {
    if (existsSync(join(root, entry)))
      cpSync(join(root, entry), join(stage, 'native', entry), { recursive: true });
  }
  copyFileSync(join(root, 'README.md'), join(stage, 'native', 'README.md'));
  writeFileSync(join(stage, 'native', 'package.json'), `${JSON.stringify(main, null, 2)}\n`);

  for (const name of ['platform', 'native']) {
    if (existsSync(licence)) copyFileSync(licence, join(stage, name, 'LICENSE'));
    console.log(npmPack(join(stage, name)));
  }
} finally {
  rmSync(stage, { recursive: true, force: true });
}
