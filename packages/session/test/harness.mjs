// What the process tests of this package share: a universe of their own, programs that tell what happens to them.
import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import { guardName } from '@flow-ipc/session';

const program = (name) => fileURLToPath(new URL(`./programs/${name}.mjs`, import.meta.url));
const running = new Set();
let undo = [];
let count = 0;

afterEach(async () => {
  const children = [...running];
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
  for (const f of undo) f();
  undo = [];
});

/** An app name and a run directory that nobody else uses; all names are removed after the test. */
export function newUniverse() {
  const app = `sess${process.pid}n${++count}`;
  const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-test-'));
  const server = { name: app, uid: process.geteuid(), gid: process.getegid(), runDir };
  undo.push(() => {
    rmSync(runDir, { recursive: true });
    const guard = `/dev/shm/sem.${guardName(server)}`;
    if (existsSync(guard)) unlinkSync(guard);
    for (const path of names(app)) unlinkSync(path);
  });
  return { app, runDir, server, env: { ...process.env, TEST_APP: app, TEST_RUN_DIR: runDir } };
}

/** All names of the app's in the kernel but the guard, which stays by design. */
export const names = (app) =>
  ['/dev/shm', '/dev/mqueue'].flatMap((dir) =>
    existsSync(dir)
      ? readdirSync(dir)
          .filter((name) => name.includes(`_${app}_`) && !name.startsWith('sem.'))
          .map((name) => join(dir, name))
      : [],
  );

/** Microseconds on the clock that all processes share. */
export const now = () => Number(process.hrtime.bigint() / 1000n);

/**
 * Starts a program with argv[0] `node`, perhaps with a limit of descriptors. It tells events, which next() waits for
 * in order.
 */
export function start(universe, name, env = {}, descriptors = undefined) {
  const options = { env: { ...universe.env, ...env }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] };
  const child = descriptors
    ? spawn('sh', ['-c', `ulimit -n ${descriptors}; exec node "$0"`, program(name)], options)
    : fork(program(name), { ...options, execPath: 'node' });
  running.add(child);
  const seen = [];
  const waiting = new Set();
  let looked = 0;
  // Not its exit, which may be heard of before the last that it told.
  const gone = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    for (const retry of waiting) retry();
    return { code, signal };
  });
  child.on('message', (message) => {
    seen.push(message);
    for (const retry of waiting) retry();
  });
  return {
    child,
    seen,
    gone,
    /** The next event of this name; earlier others are passed over. */
    next(event, ms = 20_000) {
      return new Promise((resolve, reject) => {
        const settle = (f, value) => {
          clearTimeout(timer);
          waiting.delete(look);
          f(value);
        };
        const look = () => {
          while (looked < seen.length) {
            const message = seen[looked++];
            if (message.event === event) return settle(resolve, message);
          }
          if (!running.has(child)) fail('ended');
        };
        const fail = (what) =>
          settle(
            reject,
            new Error(`${name} ${what} without '${event}'; it told ${JSON.stringify(seen.slice(-5))}`),
          );
        const timer = setTimeout(() => fail('went on'), ms);
        waiting.add(look);
        look();
      });
    },
    /** kill -9; when it was sent, in microseconds. */
    async kill() {
      const at = now();
      child.kill('SIGKILL');
      await gone;
      return at;
    },
  };
}

/** Waits for what another process does in its own time; fails with `otherwise` when it never does. */
export async function until(otherwise, done, ms = 10_000) {
  const deadline = now() + ms * 1000;
  while (!done()) {
    assert.ok(now() < deadline, otherwise);
    await sleep(5);
  }
}

/** Runs `task(i)` for i below `total`, `lanes` at a time. */
export async function inLanes(total, lanes, task) {
  let next = 0;
  const lane = async () => {
    while (next < total) await task(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** The value below which a part of the sorted values lies. */
export function percentile(values, part) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

/** How long this process, and with it perhaps the others, got no processor at most since then: µs. */
export function watchStalls() {
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  return () => {
    delays.disable();
    return delays.max / 1000;
  };
}

/** Repeatable: the same seed gives the same instants. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export const long = process.env.FLOW_IPC_LONG === '1';
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
