// Compiles the C++ oracles when their source is newer, and runs their commands.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

function compiled(name) {
  const source = join(here, `${name}.cc`);
  const program = join(here, '..', '..', '.oracle', name);
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

/** Path of the program, compiled if need be (some seconds, once). */
export const oraclePath = () => compiled('oracle');
export const mqOraclePath = () => compiled('mq-oracle');

/** Runs one command; returns the words it prints. Throws when it fails. */
export const oracle = (...args) => run(oraclePath(), args);
export const mqOracle = (...args) => run(mqOraclePath(), args);

function run(program, args) {
  const { status, signal, stdout, stderr } = spawnSync(program, args.map(String), {
    encoding: 'utf8',
    env: { ...process.env, LD_PRELOAD: '' },
  });
  if (status !== 0) throw new Error(`oracle ${args.join(' ')}: ${signal ?? status} ${stderr}`);
  return stdout.trim().split(/\s/);
}
