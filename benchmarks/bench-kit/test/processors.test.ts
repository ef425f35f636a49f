// Processes that share one processor: as the kernel says it of them.
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { onOneProcessor } from '../src/processors.js';

/** Of a process that is started now. */
const allowed = () =>
  /Cpus_allowed_list:\s*(\S+)/.exec(execFileSync('cat', ['/proc/self/status'], { encoding: 'utf8' }))![1]!;

it('what is started meanwhile is on one, what comes later is not', async () => {
  const before = allowed();
  const meanwhile = await onOneProcessor(async () => {
    await new Promise(setImmediate);
    return allowed();
  });
  expect(meanwhile).toMatch(/^\d+$/);
  expect(allowed()).toBe(before);
  await expect(onOneProcessor(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(allowed()).toBe(before);
});
