// Sweeping kernel-persistent resources: by predicate, by prefix, and past those that cannot be removed.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  FlowIpcError,
  namesInFolder,
  type PersistentKind,
  removeEachPersistentIf,
  removeEachPersistentWithPrefix,
  SharedName,
  sharedMemoryObjects,
} from '../src/index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flow-ipc-persistent-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const files = (...names: string[]) => {
  for (const name of names) writeFileSync(join(folder, name), '');
};
/** Resources that are files in `folder`; the ones called `stubborn…` cannot be removed. */
const kind: PersistentKind = {
  persistentNames: () => namesInFolder(folder),
  removePersistent(name) {
    if (String(name).startsWith('stubborn')) throw new FlowIpcError('ERR_TEST', 'no');
    unlinkSync(join(folder, String(name)));
  },
};
const left = () => namesInFolder(folder).map(String).sort();

it('lists regular files only, and nothing where there is no folder', () => {
  files('a', 'b');
  mkdirSync(join(folder, 'directory'));
  symlinkSync('a', join(folder, 'link'));
  expect(left()).toEqual(['a', 'b']);
  expect(namesInFolder(join(folder, 'none'))).toEqual([]);
});

it('removes what the predicate wants and counts it', () => {
  files('x1', 'x2', 'y1');
  expect(removeEachPersistentIf(kind, (name) => name.sanitized && String(name).endsWith('1'))).toBe(2);
  expect(left()).toEqual(['x2']);
});

it('removes by prefix; an empty prefix is everything', () => {
  files('_libipc_a_1', '_libipc_a_2', '_libipc_b_1');
  expect(removeEachPersistentWithPrefix(kind, new SharedName('_libipc_a'))).toBe(2);
  expect(left()).toEqual(['_libipc_b_1']);
  expect(removeEachPersistentWithPrefix(kind, '')).toBe(1);
});

it('goes on past what cannot be removed, and does not count it', () => {
  files('a', 'stubborn', 'z');
  expect(removeEachPersistentIf(kind, () => true)).toBe(2);
  expect(left()).toEqual(['stubborn']);
});

it('does not count what has gone meanwhile', () => {
  const ghosts = { ...kind, persistentNames: () => [new SharedName('gone')] };
  expect(removeEachPersistentIf(ghosts, () => true)).toBe(0);
});

it('sweeps shared memory objects', () => {
  const prefix = `flow_ipc_test_${process.pid}_`;
  const paths = ['1', '2'].map((n) => `/dev/shm/${prefix}${n}`);
  for (const path of paths) writeFileSync(path, '');
  try {
    expect([...sharedMemoryObjects.persistentNames()].map(String)).toContain(`${prefix}1`);
    expect(removeEachPersistentWithPrefix(sharedMemoryObjects, prefix)).toBe(2);
    expect(() => sharedMemoryObjects.removePersistent(new SharedName(`${prefix}1`))).toThrow(
      expect.objectContaining({ code: 'ERR_FLOW_IPC_SYSTEM', syscall: 'shm_unlink' }),
    );
  } finally {
    for (const path of paths) rmSync(path, { force: true });
  }
});
