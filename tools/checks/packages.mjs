// Check: what each published package holds, by packing it and looking at the tarball as users get it.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { workspaceFolders } from '../bootstrap/npm-packages.mjs';
import { run } from '../bootstrap/steps.mjs';
import { workspaceEnv } from '../bootstrap/workspace-build.mjs';
import { tarballProblems } from './package-rules.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const env = workspaceEnv(root);
const attw = fileURLToPath(new URL('node_modules/.bin/attw', import.meta.url));

/** The addon's two packages are made together by a script of their own; every other one is packed by pnpm. */
const ADDON = /^native(\/|$)/;

/**
 * Packs into an empty folder, exactly as for publishing.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd: string, into: string }} where
 * @returns {Promise<string[]>} paths of the tarballs
 */
async function pack(command, args, { cwd, into }) {
  const { code, output } = await run(command, args, { cwd, env });
  const tarballs = readdirSync(into).filter((name) => name.endsWith('.tgz'));
  if (code !== 0 || tarballs.length === 0) throw new Error(`packing failed: ${output}`);
  return tarballs.map((name) => join(into, name));
}

/**
 * @param {string} path of a tarball
 * @param {string} temporary an empty folder
 * @returns {Promise<string[]>} problems
 */
async function problemsOf(path, temporary) {
  const unpacked = await run('tar', ['-xzf', path, '-C', temporary]);
  if (unpacked.code !== 0) return [`tar failed: ${unpacked.output}`];
  const inside = join(temporary, 'package');
  const files = readdirSync(inside, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    // parentPath is path on the older of our Node.js versions.
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .map((file) => ({ path: file.slice(inside.length + 1), content: readFileSync(file) }));
  // `/root` as a home folder is too common a word to look for.
  const machinePaths = [root, homedir()].filter((machinePath) => machinePath.split('/').length > 2);
  const problems = tarballProblems(files, { machinePaths });

  const bytes = readFileSync(path);
  const lint = await publint({
    pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) },
    strict: true,
  });
  for (const message of lint.messages) {
    if (message.type !== 'suggestion') problems.push(`publint: ${formatMessage(message, lint.pkg)}`);
  }

  // A package that is nothing but a binary has no types to be wrong.
  if (files.some((file) => file.path.endsWith('.js'))) {
    const types = await run(attw, ['--profile', 'esm-only', '--no-color', '--format', 'ascii', path]);
    if (types.code !== 0) problems.push(`arethetypeswrong: ${types.output}`);
  }
  return problems;
}

let count = 0;
let bad = 0;
const work = mkdtempSync(join(tmpdir(), 'flow-ipc-packages-'));
const fresh = () => mkdtempSync(join(work, 'x'));
try {
  const tarballs = [];
  for (const folder of workspaceFolders(root)) {
    const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    if (manifest.private || ADDON.test(folder)) continue;
    const into = fresh();
    tarballs.push(
      ...(await pack('pnpm', ['pack', '--pack-destination', into], { cwd: join(root, folder), into })),
    );
  }
  const into = fresh();
  tarballs.push(
    ...(await pack('node', ['scripts/pack-platform.mjs', into], { cwd: join(root, 'native'), into })),
  );

  for (const tarball of tarballs) {
    const problems = await problemsOf(tarball, fresh());
    for (const problem of problems) console.log(`${basename(tarball)}: ${problem}`);
    count++;
    if (problems.length > 0) bad++;
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
console.log(`packages: ${count} packed and looked at, ${bad} with problems`);
process.exitCode = bad > 0 || count === 0 ? 1 : 0;
