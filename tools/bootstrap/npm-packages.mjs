// Installs the workspace's npm packages with pnpm, unless nothing changed since the last time.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commandEnv, mustRun, run } from './steps.mjs';

/**
 * Every folder of the workspace that has a package.json, by the patterns of pnpm-workspace.yaml (`dir` or `dir/*`).
 * @param {string} root
 */
export function workspaceFolders(root) {
  const yaml = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
  const patterns = [
    ...(/^packages:\n((?: +- .*\n?)+)/m.exec(yaml)?.[1] ?? '').matchAll(/- *['"]?([^'"\n]+)/g),
  ];
  const folders = patterns.flatMap(([, pattern = '']) => {
    if (!pattern.endsWith('/*')) return [pattern];
    const parent = pattern.slice(0, -2);
    if (!existsSync(join(root, parent))) return [];
    return readdirSync(join(root, parent)).map((name) => `${parent}/${name}`);
  });
  return folders.filter((folder) => existsSync(join(root, folder, 'package.json'))).sort();
}

/**
 * A hash over everything that decides what an install does.
 * @param {string} root
 */
export function installHash(root) {
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc'];
  files.push(...workspaceFolders(root).map((folder) => `${folder}/package.json`));
  const hash = createHash('sha256').update(
    `${process.platform} ${process.arch} ${process.versions.modules}\n`,
  );
  for (const file of files) {
    if (existsSync(join(root, file)))
      hash
        .update(file)
        .update('\0')
        .update(readFileSync(join(root, file)))
        .update('\0');
  }
  return hash.digest('hex');
}

/**
 * The command that starts pnpm of the version that package.json names: one on PATH when its major version is
 * the same (it then switches to the exact version itself), otherwise npx.
 * @param {string} wanted for example "pnpm@10.34.9"
 */
async function pnpmCommand(wanted) {
  const major = wanted.replace(/^pnpm@/, '').split('.')[0];
  // COREPACK_…: a pnpm that is corepack's shim must not stop to ask whether it may fetch the real one.
  const found = await run('pnpm', ['--version'], {
    env: commandEnv({ COREPACK_ENABLE_DOWNLOAD_PROMPT: '0' }),
  });
  const version = found.output.trim().split('\n').at(-1) ?? '';
  return found.code === 0 && version.split('.')[0] === major ? ['pnpm'] : ['npx', '-y', wanted];
}

/**
 * @param {import('./steps.mjs').Stepper} steps
 * @param {string} root
 */
export async function ensureNpmPackages(steps, root) {
  const stamp = join(root, '.cache', 'install.stamp');
  await steps.step('npm packages', async () => {
    const hash = installHash(root);
    const installed = existsSync(stamp) && existsSync(join(root, 'node_modules', '.modules.yaml'));
    if (installed && readFileSync(stamp, 'utf8') === hash) return 'unchanged since the last install';
    const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const [command = '', ...args] = await pnpmCommand(packageManager);
    rmSync(stamp, { force: true });
    await mustRun(
      steps,
      'The npm packages could not be installed. Is the npm registry reachable from here?',
      command,
      [...args, 'install', '--frozen-lockfile', '--ignore-scripts', '--reporter=append-only'],
      // --ignore-scripts: no dependency needs one, and pnpm would compile the addon, which is the build's to do.
      // CI=true: pnpm must never stop to ask whether it may replace a node_modules that it finds.
      { cwd: root, env: commandEnv({ CI: 'true', COREPACK_ENABLE_DOWNLOAD_PROMPT: '0' }) },
    );
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, hash);
    return `installed with ${packageManager}`;
  });
}
