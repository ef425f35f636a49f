// Permission levels, and modes that are exactly what was asked for.
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  NativeHandle,
  permissionsLevelNumber,
  producerConsumerMode,
  setResourcePermissions,
  sharedResourceMode,
} from '../src/index.js';

const LEVELS = ['none', 'user', 'group', 'unrestricted'] as const;

it('permission levels have the modes of the table', () => {
  expect(LEVELS.map(permissionsLevelNumber)).toEqual([0, 1, 2, 3]);
  expect(LEVELS.map(sharedResourceMode)).toEqual([0, 0o600, 0o660, 0o666]);
  expect(LEVELS.map(producerConsumerMode)).toEqual([0, 0o600, 0o640, 0o644]);
});

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flow-ipc-permissions-'));
  file = join(folder, 'f');
  writeFileSync(file, '');
});
afterEach(() => rmSync(folder, { recursive: true }));

it.each(LEVELS)('sets the modes of level %s whatever the umask', (level) => {
  const before = process.umask(0o077);
  try {
    for (const mode of [sharedResourceMode(level), producerConsumerMode(level)]) {
      setResourcePermissions(file, 0o444);
      setResourcePermissions(file, mode);
      expect(statSync(file).mode & 0o7777).toBe(mode);

      setResourcePermissions(file, 0o444);
      using handle = new NativeHandle(openSync(file, 'r'));
      setResourcePermissions(handle, mode);
      expect(statSync(file).mode & 0o7777).toBe(mode);
    }
  } finally {
    process.umask(before);
  }
});

it('takes a raw descriptor too and leaves it open', () => {
  const fd = openSync(file, 'r');
  setResourcePermissions(fd, 0o640);
  expect(statSync(file).mode & 0o7777).toBe(0o640);
  closeSync(fd);
});

it('says what the kernel refused, and refuses what is no mode', () => {
  expect(() => setResourcePermissions(join(folder, 'none'), 0o600)).toThrow(
    expect.objectContaining({ code: 'ERR_FLOW_IPC_SYSTEM', errno: -2, syscall: 'chmod' }),
  );
  for (const mode of [-1, 1.5, 0o10000]) expect(() => setResourcePermissions(file, mode)).toThrow(RangeError);
});
