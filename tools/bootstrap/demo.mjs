// `npm run demo`: sets the machine up as far as needed, builds, and runs the performance demo.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

const args = process.argv.slice(2).filter((arg) => arg !== '--verbose');
const verbose = process.argv.includes('--verbose');

// Everything about the set-up goes to stderr: stdout belongs to the demo (`--json`).
await prepare('demo', { stream: process.stderr, verbose, filter: '@flow-ipc/perf-demo...' });

const demo = spawn(process.execPath, [join(root, 'benchmarks', 'perf-demo', 'dist', 'main.js'), ...args], {
  stdio: 'inherit',
  argv0: 'node',
});
// A terminal's Ctrl-C reaches the demo by itself; stay until it has ended its own processes.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => demo.kill('SIGTERM'));
demo.on('close', (code, signal) => process.exit(code ?? (signal ? 130 : 1)));
