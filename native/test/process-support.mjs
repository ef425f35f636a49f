// For tests that need more than one process: children that run a piece of code with the addon, and clean-up.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, unlinkSync } from 'node:fs';
import { after } from 'node:test';
import { mqUnlink } from '../dist/index.js';

export const entry = new URL('../dist/index.js', import.meta.url).href;

let counter = 0;
const names = [];

/** A fresh name for sockets, pools, queues and semaphores, removed at the end. */
export function uniqueName(what = 'x') {
  const name = `flowipc_ptest_${process.pid}_${counter++}_${what}`;
  names.push(name);
  return name;
}

after(() => {
  for (const name of names) {
    for (const file of [`/dev/shm/${name}`, `/dev/shm/sem.${name}`]) {
      try {
        unlinkSync(file);
      } catch {
        // Most names never got that far.
      }
    }
    try {
      mqUnlink(name);
    } catch {
      // Likewise.
    }
  }
});

export const fdCount = () => readdirSync('/proc/self/fd').length;
export const tick = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts Node on `code` (a module body with `native` and `args` in scope). `exited` gives code, signal and output. */
export function node(code, args = [], options = {}) {
  const { flags = [], env = {} } = options;
  const source = `import * as native from ${JSON.stringify(options.entry ?? entry)};
const args = ${JSON.stringify(args)};
${code}`;
  const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', source], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    cwd: options.cwd,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const exited = once(child, 'close').then(([code, signal]) => ({
    code,
    signal,
    stdout: stdout.trim(),
    stderr,
  }));
  /** Resolves when the child has printed `text`. */
  const printed = async (text) => {
    while (!stdout.includes(text)) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`child ended: ${stderr}`);
      await tick(2);
    }
  };
  return { child, exited, printed };
}
