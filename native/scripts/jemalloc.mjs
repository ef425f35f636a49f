// Builds jemalloc, the allocator of SHM-jemalloc, as a static library for the addon: once, then it is there.
// Usable by itself (`node scripts/jemalloc.mjs`), and by build.mjs.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchSource, VERSION } from './jemalloc-source.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const cache = join(root, '.cache');

// A prefix and a namespace of our own: the process's malloc stays what it is. No initial-exec TLS: the static TLS
// block of a running Node.js has no room left for an addon. Large blocks start at a page and waste none. Statistics stay
// in; profiling, filling and C++ out.
const OPTIONS = [
  '--with-jemalloc-prefix=flow_ipc_je_',
  '--with-private-namespace=flow_ipc_',
  '--disable-initial-exec-tls',
  '--disable-cxx',
  '--disable-prof',
  '--disable-fill',
  '--disable-doc',
  '--disable-libdl',
  '--disable-cache-oblivious',
  '--enable-static',
  '--disable-shared',
];
const CFLAGS = '-g0 -O2 -fvisibility=hidden';

/** The folder that holds lib/libjemalloc_pic.a and include/jemalloc/jemalloc.h, whether built yet or not. */
export function jemallocFolder() {
  const key = [VERSION, ...OPTIONS, CFLAGS, process.arch, process.env.CC ?? 'cc'].join(' ');
  return join(cache, `jemalloc-${VERSION}-${createHash('sha256').update(key).digest('hex').slice(0, 12)}`);
}

/**
 * Builds it if it is not there. Throws an Error that says what failed.
 * @param {(line: string) => void} say
 */
export function ensureJemalloc(say) {
  const folder = jemallocFolder();
  if (existsSync(join(folder, 'lib/libjemalloc_pic.a'))) return folder;
  const archive = fetchSource(cache, say);
  const stage = mkdtempSync(join(cache, 'stage-'));
  try {
    say(`building jemalloc ${VERSION}: about half a minute, once`);
    const run = (command, ...args) => {
      const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: stage, encoding: 'utf8' });
      if (status !== 0)
        throw new Error(
          `jemalloc: '${command} ${args.join(' ')}' failed: ${error ?? stderr ?? ''}\n${stdout ?? ''}`,
        );
    };
    run('tar', 'xjf', archive, '--strip-components=1');
    run('./configure', ...OPTIONS, `CFLAGS=${CFLAGS}`);
    // This one target: the objects for a shared library, and neither the others nor the tests and manuals.
    run('make', `-j${availableParallelism()}`, 'lib/libjemalloc_pic.a');
    const result = join(stage, 'result');
    for (const file of ['lib/libjemalloc_pic.a', 'include/jemalloc/jemalloc.h', 'COPYING']) {
      mkdirSync(dirname(join(result, file)), { recursive: true });
      cpSync(join(stage, file), join(result, file));
    }
    // Whoever is first; another build of the same thing is as good.
    if (!existsSync(folder)) renameSync(result, folder);
    return folder;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    const folder = ensureJemalloc((line) => console.log(`@flow-ipc/native: ${line}`));
    console.log(`@flow-ipc/native: jemalloc ${VERSION} is in ${folder}`);
  } catch (error) {
    console.error(`@flow-ipc/native: ${error.message}`);
    process.exit(1);
  }
}
