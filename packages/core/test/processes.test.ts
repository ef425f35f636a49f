// Who processes are, and whether they live.
import { type ChildProcess, execFileSync, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  formatCredentials,
  ownProcessCredentials,
  processInvokedAs,
  processRunning,
  processScriptPath,
  processStartTime,
  sameCredentials,
} from '../src/index.js';
import { scriptWord, takesValue } from '../src/util/node-command-line.js';

const NOBODY = 2 ** 22 + 1; // above the highest pid that Linux can give
const gone = expect.objectContaining({ code: 'ERR_FLOW_IPC_SYSTEM' });

/** The first line that a child prints. */
async function firstLine(child: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout!) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  return text.trim();
}

const children = new Set<ChildProcess>();
const start = (command: string, args: string[], options: SpawnOptions = {}): ChildProcess => {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  return child;
};
afterEach(async () => {
  for (const child of children) await end(child);
  children.clear();
});

async function end(child: ChildProcess) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

describe('credentials', () => {
  it('knows itself', () => {
    expect(ownProcessCredentials()).toEqual({
      pid: process.pid,
      uid: process.geteuid!(),
      gid: process.getegid!(),
    });
    expect(processInvokedAs(process.pid)).toBe(process.argv0);
    expect(processStartTime(process.pid)).toBeGreaterThan(0);
  });

  it('are equal when all three ids are', () => {
    const me = { pid: 1, uid: 2, gid: 3 };
    expect(sameCredentials(me, { ...me })).toBe(true);
    for (const key of ['pid', 'uid', 'gid']) expect(sameCredentials(me, { ...me, [key]: 9 })).toBe(false);
    expect(formatCredentials(me)).toBe('pid 1, uid 2, gid 3');
  });
});

describe('argv[0]', () => {
  it.each(['sleep', './any thing', ''])('is verbatim: %j', async (argv0) => {
    const child = start('sleep', ['30'], { argv0 });
    await once(child, 'spawn');
    expect(processInvokedAs(child.pid!)).toBe(argv0);
    await end(child);
    expect(() => processInvokedAs(child.pid!)).toThrow(gone);
  });
});

describe('liveness', () => {
  it('tells the living from the dead and from zombies', async () => {
    // The parent never waits for its child, which ends at once: a zombie for as long as the parent sleeps.
    const parent = start('python3', [
      '-c',
      'import os, time; pid = os.fork(); print(pid, flush=True) if pid else os._exit(0); time.sleep(30)',
    ]);
    const zombie = Number(await firstLine(parent));
    await expect.poll(() => readFileSync(`/proc/${zombie}/stat`, 'utf8')).toMatch(/\) Z /);
    expect(processRunning(parent.pid!)).toBe(true);
    expect(processRunning(zombie)).toBe(false);
    expect(processStartTime(zombie)).toBeUndefined();
    expect(() => processInvokedAs(zombie)).toThrow(gone);
    await end(parent);
    expect(processRunning(parent.pid!)).toBe(false);
    expect(processStartTime(parent.pid!)).toBeUndefined();
    for (const nobody of [0, -1, 1.5, Number.NaN, NOBODY]) expect(processRunning(nobody)).toBe(false);
  });

  it('is not fooled by another process with the same pid', async () => {
    const child = start('sleep', ['30']);
    await once(child, 'spawn');
    const startTime = processStartTime(child.pid!)!;
    expect(processRunning(child.pid!, startTime)).toBe(true);
    // What a process that got the pid later would have.
    expect(processRunning(child.pid!, startTime - 1)).toBe(false);
    expect(processRunning(child.pid!, startTime + 1)).toBe(false);
    await end(child);
    expect(processRunning(child.pid!, startTime)).toBe(false);
  });

  it('counts a process whose first thread has ended as running', async () => {
    const program = [
      'import ctypes, threading, time',
      'threading.Thread(target=lambda: time.sleep(30)).start()',
      'print("up", flush=True)',
      'ctypes.CDLL(None).syscall(60, 0)', // exit, of this thread only
    ].join('\n');
    const child = start('python3', ['-c', program]);
    await firstLine(child);
    await expect.poll(() => readFileSync(`/proc/${child.pid}/stat`, 'utf8')).toMatch(/\) Z /);
    expect(processRunning(child.pid!)).toBe(true);
    expect(processStartTime(child.pid!)).toBeGreaterThan(0);
    await end(child);
    expect(processRunning(child.pid!)).toBe(false);
  });

  it('counts a process that it may not signal as running', () => {
    // As root everything may be signalled, and the answer is the same.
    expect(processRunning(1)).toBe(true);
    expect(processStartTime(1)).toBeGreaterThanOrEqual(0);
  });
});

describe('script path', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'flow-ipc-script-')));
  const script = join(folder, 'script.mjs');
  writeFileSync(script, 'console.log(JSON.stringify(process.argv[1] ?? null)); setInterval(() => {}, 1000);');
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    [script],
    ['script.mjs', '--not-an-option', 'x'],
    [`./../${folder.split('/').at(-1)}/script.mjs`],
    ['--no-warnings', 'script.mjs'],
    ['-r', 'node:fs', '--require', 'node:net', '--import=node:os', 'script.mjs', '-r', 'y'],
    ['-C', 'development', '--conditions', 'production', script],
    ['--stack-trace-limit=3', '--unhandled_rejections', 'strict', '--', 'script.mjs'],
    ['-e', 'console.log("null"); setInterval(() => {}, 1000)', 'script.mjs'],
    ['--input-type', 'module', '--eval=console.log("null"); setInterval(() => {}, 1000)', 'script.mjs'],
  ])('of node %j %j %j is what its process.argv[1] says', async (...args) => {
    const child = start(process.execPath, args, { cwd: folder });
    const expected = JSON.parse(await firstLine(child)) as string | null;
    expect(processScriptPath(child.pid!) ?? null).toBe(expected);
    expect(expected).toBe(
      args.some((arg) => arg.startsWith('-e') || arg.startsWith('--eval')) ? null : script,
    );
  });

  it.each([
    [['node'], undefined],
    [['node', '-'], undefined],
    [['node', '--test', 'a.js'], undefined],
    [['node', '--run', 'x'], undefined],
    [['node', '-p', 'a.js'], undefined],
    [['node', '--require'], undefined],
    [['node', '--'], undefined],
    [['node', '--watch', 'a.js', 'b.js'], 'a.js'],
    [['node', '--env-file=x', '--max-old-space-size=9', 'a.js'], 'a.js'],
  ])('%j: %s', (argv, word) => expect(scriptWord(argv)).toBe(word));

  it('knows every option of this Node.js that takes a value', () => {
    const help = execFileSync(process.execPath, ['--help'], { encoding: 'utf8' });
    const names = [...help.matchAll(/^ {2}(?:-\w, )?--([a-z0-9-]+)=(?!\[)/gm)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !takesValue(name))).toEqual([]);
  });

  it('of nobody is an error', () => expect(() => processScriptPath(NOBODY)).toThrow(gone));
});
