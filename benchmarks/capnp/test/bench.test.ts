// The benchmark's libraries agree on the messages, and its results have the common form.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { measure } from '../src/measure.js';
import type { Subject } from '../src/subject.js';
import { flowIpc } from '../src/subjects/flow-ipc.js';
import { makeParts, tasksOf } from '../src/workload.js';

const COMMAND = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const SUBJECTS = ['@flow-ipc/capnp', 'capnp-ts, sized', 'capnp-es, sized', 'protobufjs', 'msgpackr', 'JSON'];

describe('bench-capnp', () => {
  it('prints one JSON object a line for each library and message', () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [COMMAND, '--json', '--rounds', '1', '--parts', '3'],
      { encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([0, '']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const bench of ['build-response', 'read-response', 'build-request', 'read-request']) {
      const subjects = lines.filter((line) => line.bench === bench).map(({ subject }) => subject);
      expect(subjects).toEqual(expect.arrayContaining(SUBJECTS));
    }
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(['bench', 'subject', 'unit', 'median', 'min', 'max', 'n']);
      expect(line).toMatchObject({ unit: 'us', n: 1 });
      expect(line.min).toBeGreaterThan(0);
    }
  });

  it('refuses a library that loses something', () => {
    const parts = makeParts(2);
    const forgetful: Subject = { ...flowIpc, buildResponse: (all) => flowIpc.buildResponse(all.slice(1)) };
    expect(() => tasksOf(forgetful, parts)).toThrow(/part 0 is not what was built/);
    const wrong: Subject = { ...flowIpc, buildRequest: () => flowIpc.buildRequest('other') };
    expect(() => tasksOf(wrong, parts)).toThrow(/another file name/);
  });

  it('takes turns and sums up', () => {
    const order: string[] = [];
    const tasks = ['a', 'b'].map((subject) => ({
      bench: 'build-request' as const,
      subject,
      run: () => void order.push(subject),
    }));
    const results = measure(tasks, { rounds: 3, roundMs: 0, warmUp: 1 });
    expect(order.join('')).toBe('baabbaab');
    expect(results.map(({ subject, n }) => [subject, n])).toEqual([
      ['a', 3],
      ['b', 3],
    ]);
    for (const { median, min, max } of results) expect(min <= median && median <= max).toBe(true);
  });
});
