// What the process tests of lending share: apps of their own, and programs that tell what happens to them.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'node:test';
import { fileURLToPath } from 'node:url';
import { guardName } from '@flow-ipc/session';

/** `npm run test:long` sets it. */
export const long = process.env.FLOW_IPC_LONG === '1';
/** FLOW_IPC_LONG_PART, from 0 to 1: so much of the long sizes, to see in minutes whether the long form works at all. */
const part = Number(process.env.FLOW_IPC_LONG_PART ?? 1);
/** The size of a test: how many, or how long. */
export const size = (usual, inLongRun) => (long ? Math.max(usual, Math.round(inLongRun * part)) : usual);

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
  const app = `lend${process.pid}p${++count}`;
  const runDir = mkdtempSync(join(tmpdir(), 'flow-ipc-test-'));
  const server = { name: app, execPath: 'node', uid: process.geteuid(), gid: process.getegid(), runDir };
  undo.push(() => {
    rmSync(runDir, { recursive: true });
    const guard = `/dev/shm/sem.${guardName(server)}`;
    if (existsSync(guard)) unlinkSync(guard);
    for (const name of pools(app)) unlinkSync(join('/dev/shm', name));
  });
  return { app, runDir, env: { ...process.env, TEST_APP: app, TEST_RUN_DIR: runDir } };
}

/** Pools of the app's that exist now. */
export const pools = (app) =>
  readdirSync('/dev/shm').filter((name) => name.includes(`_${app}_`) && !name.startsWith('sem.'));

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for what happens in a moment, or for the test's time-out. */
export async function until(done) {
  while (!(await done())) await sleep(10);
}

/** Starts a program with argv[0] `node`. It tells events, which next() waits for in order. */
export function start(universe, name, env = {}) {
  const child = fork(program(name), {
    env: { ...universe.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execPath: 'node',
  });
  running.add(child);
  const seen = [];
  let read = 0;
  let wake = () => {};
  child.on('message', (event) => {
    seen.push(event);
    wake();
  });
  // Not its exit, which may be heard of before the last that it told.
  const gone = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    wake();
    return { code, signal };
  });
  const next = async (event) => {
    for (;;) {
      while (read < seen.length) {
        const told = seen[read++];
        if (told.event === event) return told;
      }
      if (!running.has(child))
        throw new Error(`${name} ended (${child.exitCode ?? child.signalCode}) before '${event}'`);
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
  };
  const kill = async () => {
    child.kill('SIGKILL');
    return gone;
  };
  /** Asks for a report. */
  const ask = async (question) => {
    child.send({ question });
    return next(question);
  };
  return { child, seen, next, gone, kill, ask };
}

/** The same series of numbers in [0, 1) every time. */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return state / 4294967296;
  };
}

/** Runs `count` tasks, `width` at a time. */
export async function inLanes(count, width, task) {
  let next = 0;
  const lane = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
