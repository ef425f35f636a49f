import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  decomposeResourceName,
  FlowIpcError,
  fromNative,
  NativeHandle,
  negotiate,
  ownProcessCredentials,
  processInvokedAs,
  processRunning,
  processStartTime,
  producerConsumerMode,
  ResourceType,
  resourceName,
  SharedName,
  sharedResourceMode,
} from '../src/index.js';

describe('SharedName', () => {
  it('concatenates with and without a separator', () => {
    expect(String(SharedName.ct('a').slash('b').plus('c').slash(3))).toBe('a_bc_3');
    expect(new SharedName('_x').absolute).toBe(true);
    expect(new SharedName('x').absolute).toBe(false);
  });

  it.each([
    ['_libipc_shm_srv_1_cli_0', true],
    ['a__b', false],
    ['a/b', false],
    ['x'.repeat(76), false],
    ['', true],
  ])('%j sanitized: %s', (text, ok) => expect(new SharedName(text).sanitized).toBe(ok));

  it('builds and takes apart the conventional names', () => {
    const scope = { srvApp: 'srv', srvNamespace: '31302', cliApp: 'cli', cliNamespace: '1' };
    const name = String(resourceName(ResourceType.SHM, scope, 'classic', 1));
    expect(name).toBe('_libipc_shm_srv_31302_cli_1_classic_1');
    expect(decomposeResourceName(name)).toEqual({ type: 'shm', ...scope, rest: 'classic_1' });
    expect(
      String(resourceName(ResourceType.SOCKET_STREAM_ACCEPTOR, { srvApp: 'srv', srvNamespace: '7' })),
    ).toBe('_libipc_sockStmAcc_srv_7_0_0');
    expect(decomposeResourceName('_libipc_shm_srv')).toBeUndefined();
    expect(decomposeResourceName('_other_shm_a_b_c_d')).toBeUndefined();
  });
});

it('permission levels have the modes of the table', () => {
  const levels = ['none', 'user', 'group', 'unrestricted'] as const;
  expect(levels.map(sharedResourceMode)).toEqual([0, 0o600, 0o660, 0o666]);
  expect(levels.map(producerConsumerMode)).toEqual([0, 0o600, 0o640, 0o644]);
});

it('protocol negotiation takes the lower version', () => {
  expect(negotiate(1, 'x')).toBe(1);
  expect(negotiate(9, 'x')).toBe(1);
  expect(negotiate(2, 'x', 3, 2)).toBe(2);
  expect(() => negotiate(0, 'x')).toThrow(/version 0/);
  expect(() => negotiate(1, 'x', 3, 2)).toThrow(
    expect.objectContaining({ code: expect.stringContaining('TOO_OLD') }),
  );
});

describe('processes', () => {
  it('knows itself', () => {
    expect(ownProcessCredentials()).toEqual({
      pid: process.pid,
      uid: process.geteuid!(),
      gid: process.getegid!(),
    });
    expect(processInvokedAs(process.pid)).toBe(process.argv0);
    expect(processStartTime(process.pid)).toBeGreaterThan(0);
  });

  it('tells the living from the dead and from zombies', async () => {
    // The shell's child ends at once and the shell never waits for it: a zombie for as long as the shell sleeps.
    const shell = spawn('sh', ['-c', 'true & echo $!; exec sleep 30'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [chunk] = await once(shell.stdout, 'data');
    const zombie = Number(String(chunk));
    await new Promise((r) => setTimeout(r, 200));
    expect(processRunning(shell.pid!)).toBe(true);
    expect(processRunning(zombie)).toBe(false);
    expect(() => processInvokedAs(zombie)).toThrow(expect.objectContaining({ code: 'ERR_FLOW_IPC_SYSTEM' }));
    shell.kill('SIGKILL');
    await once(shell, 'exit');
    expect(processRunning(shell.pid!)).toBe(false);
    expect(processStartTime(shell.pid!)).toBeUndefined();
    for (const nobody of [0, -1, 1.5, Number.NaN]) expect(processRunning(nobody)).toBe(false);
  });
});

it('a NativeHandle closes its descriptor exactly once', () => {
  const before = readdirSync('/proc/self/fd').length;
  const handle = new NativeHandle(openSync('/dev/null', 'r'));
  const twin = handle.dup();
  handle.close();
  handle.close();
  expect(handle.fd).toBe(-1);
  twin[Symbol.dispose]();
  expect(readdirSync('/proc/self/fd').length).toBe(before);
  expect(() => new NativeHandle(-1)).toThrow(RangeError);
  expect(() => handle.dup()).toThrow();
});

it('errors carry code, errno and syscall, and are recognised across copies', () => {
  const native = Object.assign(new Error('x'), { code: 'ECONNREFUSED', errno: 111, syscall: 'connect' });
  const err = fromNative(native, 'Cannot connect');
  expect(err).toMatchObject({ code: 'ERR_FLOW_IPC_SYSTEM', errno: -111, syscall: 'connect', cause: native });
  expect((err as Error).message).toBe('Cannot connect: ECONNREFUSED (connect)');
  expect(
    Object.create(null, { [Symbol.for('flow-ipc.error')]: { value: true } }) instanceof FlowIpcError,
  ).toBe(true);
  expect(new TypeError('x') instanceof FlowIpcError).toBe(false);
  const misuse = new TypeError('x');
  expect(fromNative(misuse, 'y')).toBe(misuse);
});
