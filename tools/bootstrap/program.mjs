// Runs a program of benchmarks/ for a command of package.json: sets the machine up as far as needed, builds, starts it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

/**
 * Everything about the set-up goes to stderr: stdout belongs to the program (`--json`).
 * @param {'demo' | 'bench'} job
 * @param {string} folder of benchmarks/, and name of the package in it
 */
export async function runProgram(job, folder) {
  const args = process.argv.slice(2).filter((arg) => arg !== '--verbose');
  const verbose = process.argv.includes('--verbose');
  await prepare(job, { stream: process.stderr, verbose, filter: `@flow-ipc/${folder}...` });

  const program = spawn(process.execPath, [join(root, 'benchmarks', folder, 'dist', 'main.js'), ...args], {
    stdio: 'inherit',
    argv0: 'node',
  });
  // A terminal's Ctrl-C reaches the program by itself; stay until it has ended its own processes.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => program.kill('SIGTERM'));
  program.on('close', (code, signal) => process.exit(code ?? (signal ? 130 : 1)));
}
