// What is checked of the other side beyond C++: its script, who started it, and the server itself.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NativeSocketStreamAcceptor, processInvokedAs } from '@flow-ipc/core';
import { afterEach, describe, expect, it } from 'vitest';
import { listenerName } from '../src/app.js';
import { checkIdentity, descendsFrom } from '../src/identity.js';
import { type App, ClientSession, cnsPath, SessionServer } from '../src/index.js';
import { CLI, keep, serverApp, tearDown } from './harness.js';

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  expect(await tearDown()).toEqual([]);
});

/** A process that sleeps, and has printed what it is asked to. */
async function start(args: string[], cwd?: string): Promise<{ pid: number; printed: string }> {
  const child = spawn('node', args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const [chunk] = await once(child.stdout!, 'data');
  return { pid: child.pid!, printed: String(chunk).trim() };
}

const WAIT = "process.stdout.write('ready'); process.stdin.resume();";
/** Its parent is a child of ours. */
const GRANDCHILD = `
  const child = require('node:child_process').spawn('node', ['-e', ${JSON.stringify(WAIT)}], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdout.once('data', () => process.stdout.write(String(child.pid)));`;
const me = { uid: process.geteuid!(), gid: process.getegid!() };
const check =
  (pid: number, app: Partial<App>, serverPid = process.pid) =>
  () =>
    checkIdentity(
      { pid, ...me },
      { name: 'x', execPath: 'node', ...me, ...app },
      'ERR_FLOW_IPC_TEST',
      serverPid,
    );

describe('a process', () => {
  it('is known by its script, however it was named', async () => {
    const app = serverApp();
    const dir = realpathSync(app.runDir!);
    writeFileSync(join(dir, 'one.cjs'), WAIT);
    const script = join(dir, 'one.cjs');
    const relative = await start(['--no-warnings', './one.cjs', 'argument'], dir);
    const absolute = await start([script]);
    for (const { pid } of [relative, absolute]) {
      expect(check(pid, { scriptPath: script })).not.toThrow();
      expect(check(pid, { scriptPath: join(dir, 'two.cjs') })).toThrow(/runs '.*one\.cjs', not '.*two\.cjs'/);
    }
    const none = await start(['-e', WAIT]);
    expect(check(none.pid, { scriptPath: script })).toThrow(/runs/);
  });

  it('is known by who started it, at any depth', async () => {
    const child = await start(['-e', GRANDCHILD]);
    const grandchild = Number(child.printed);
    expect(check(child.pid, { descendantOfServer: true })).not.toThrow();
    expect(check(grandchild, { descendantOfServer: true })).not.toThrow();
    expect(
      check(process.ppid, { descendantOfServer: true, execPath: processInvokedAs(process.ppid) }),
    ).toThrow(/was not started by the server/);
    expect(descendsFrom(child.pid, grandchild)).toBe(false);
    expect(descendsFrom(1, process.pid)).toBe(false);
  });

  it('that is gone is refused', async () => {
    const { pid } = await start(['-e', WAIT]);
    const child = children.pop()!;
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(check(pid, {})).toThrow(/cannot be looked at/);
  });
});

describe('a server', () => {
  it.each<[string, Partial<App>, RegExp]>([
    ['argv[0]', { execPath: '/bin/true' }, /was invoked as/],
    ['script', { scriptPath: '/srv/server.js' }, /runs .*, not '\/srv\/server\.js'/],
  ])('does not start under a description with another %s than its own', async (_, change, text) => {
    await expect(SessionServer.create({ server: serverApp(change), clients: [CLI] })).rejects.toEqual(
      expect.objectContaining({
        code: 'ERR_FLOW_IPC_SESSION_INVALID_ARGUMENT',
        message: expect.stringMatching(text),
      }),
    );
  });

  it.each<[string, Partial<App>]>([
    ['argv[0]', { execPath: '/bin/true' }],
    ['script', { scriptPath: '/srv/server.js' }],
  ])('with another %s than its description is not talked to', async (_, change) => {
    const app = serverApp();
    keep(await SessionServer.create({ server: app, clients: [CLI] }));
    await expect(ClientSession.connect({ client: CLI, server: { ...app, ...change } })).rejects.toEqual(
      expect.objectContaining({ code: 'ERR_FLOW_IPC_SESSION_SERVER_APP_INCONSISTENT_CREDS' }),
    );
  });

  it('in another process than the CNS file says is not talked to', async () => {
    const app = serverApp();
    const { pid } = await start(['-e', WAIT]);
    writeFileSync(cnsPath(app), `${pid}\n`);
    keep(new NativeSocketStreamAcceptor(listenerName(app, String(pid))));
    await expect(ClientSession.connect({ client: CLI, server: app })).rejects.toEqual(
      expect.objectContaining({
        code: 'ERR_FLOW_IPC_SESSION_SERVER_APP_INCONSISTENT_CREDS',
        message: expect.stringContaining(`Process ${process.pid} listens where`),
      }),
    );
  });
});
