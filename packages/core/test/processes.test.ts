// Who processes are, and whether they live.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ownProcessCredentials, processInvokedAs, processRunning, processStartTime } from '../src/index.js';

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
