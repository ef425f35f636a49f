// Compiles the C++ oracle when its source is newer, and runs its commands.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, 'oracle.cc');
const program = join(here, '..', '..', '.oracle', 'oracle');

/** Path of the program, compiled if need be (some seconds, once). */
export function oraclePath() {
  if (!existsSync(program) || statSync(program).mtimeMs < statSync(source).mtimeMs) {
    mkdirSync(dirname(program), { recursive: true });
    // Renamed into place: test files run at the same time.
    const part = `${program}.${process.pid}`;
    execFileSync(
      process.env.CXX ?? 'c++',
      ['-std=c++17', '-O1', '-Wall', '-o', part, source, '-lrt', '-pthread'],
      {
        stdio: 'inherit',
        env: { ...process.env, LD_PRELOAD: '' },
      },
    );
    renameSync(part, program);
  }
  return program;
}

/** Runs one command; returns the words it prints. Throws when it fails. */
export function oracle(...args) {
  const run = spawnSync(oraclePath(), args.map(String), { encoding: 'utf8' });
  if (run.status !== 0)
    throw new Error(`oracle ${args.join(' ')}: ${run.signal ?? run.status} ${run.stderr}`);
  return run.stdout.trim().split(' ');
}
