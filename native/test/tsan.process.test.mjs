// The pool under the thread sanitizer: a program of threads over the same sources as the addon.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiler = process.env.CXX ?? 'c++';
const runtime = spawnSync(compiler, ['-print-file-name=libtsan.so'], { encoding: 'utf8' }).stdout?.trim();
const program = join(root, 'build-tsan', 'stress');
const sources = [
  'test/tsan/stress.cc',
  ...[
    'backing',
    'block_books',
    'block_check',
    'create_shm',
    'free_tree',
    'futex_lock',
    'mapping',
    'pool_memory',
    'pool_resize',
    'pool_rows',
    'robust_mutex',
    'segment_list',
    'spare_lists',
    'shared_object',
  ].map((name) => `src/${name}.cc`),
];

function build() {
  const newest = Math.max(
    ...sources.map((file) => statSync(join(root, file)).mtimeMs),
    ...readdirSync(join(root, 'src')).map((name) => statSync(join(root, 'src', name)).mtimeMs),
  );
  if (existsSync(program) && statSync(program).mtimeMs > newest) return;
  mkdirSync(join(root, 'build-tsan'), { recursive: true });
  const flags = ['-std=c++17', '-O1', '-g', '-fsanitize=thread', '-DNDEBUG', '-DBOOST_DISABLE_ASSERTS'];
  const built = spawnSync(compiler, [...flags, ...sources, '-o', program, '-pthread', '-lrt'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(built.status, 0, built.stderr);
}

test('threads that allocate, lend, list and lock race nowhere', {
  skip: runtime && existsSync(runtime) ? false : 'the compiler has no thread sanitizer',
}, (context) => {
  build();
  const rounds = process.env.FLOW_IPC_LONG ? 300_000 : 10_000;
  const run = spawnSync(program, [`flowipc_tsan_${process.pid}`, String(rounds)], {
    encoding: 'utf8',
    env: {
      ...process.env,
      LD_PRELOAD: '',
      TSAN_OPTIONS: 'halt_on_error=1:exitcode=66',
    },
  });
  if (/unexpected memory mapping|personality/.test(run.stderr)) {
    context.skip('the address layout of this kernel is not for the sanitizer');
    return;
  }
  assert.equal(run.stdout.trim(), 'done', run.stderr.slice(0, 4000));
  assert.equal(run.status, 0);
});
