// Plain shared memory objects, mappings and named semaphores.
import { fstatSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { closeFd, mapFd, semOpen, shmCreate, shmOpen, shmUnlink } from '../ts/index.js';
import { thrown, uniqueName } from './support.js';

describe('shared memory', () => {
  it('creates with exactly the mode, whatever the umask, and sparse', () => {
    const umask = process.umask(0o077);
    try {
      const name = uniqueName();
      const fd = shmCreate(name, 1 << 30, 0o664);
      const stat = fstatSync(fd);
      expect(stat.mode & 0o777).toBe(0o664);
      expect(stat.size).toBe(1 << 30);
      expect(stat.blocks).toBe(0);
      expect(thrown(() => shmCreate(name, 4096, 0o600))).toMatchObject({
        code: 'EEXIST',
        syscall: 'shm_open',
      });
      closeFd(fd);
      shmUnlink(name);
      expect(thrown(() => shmOpen(name, true))).toMatchObject({ code: 'ENOENT' });
      expect(thrown(() => shmUnlink(name))).toMatchObject({ code: 'ENOENT', syscall: 'shm_unlink' });
    } finally {
      process.umask(umask);
    }
  });

  it('maps shared, and read-only as a private copy of what is written', () => {
    const name = uniqueName();
    const fd = shmCreate(name, 3 * 4096, 0o600);
    const readFd = shmOpen(name, true);
    const all = new Uint8Array(mapFd(fd, 0, 3 * 4096, false));
    const part = new Uint8Array(mapFd(fd, 4096 + 10, 20, false));
    const readOnly = new Uint8Array(mapFd(readFd, 0, 3 * 4096, true));
    closeFd(fd);
    closeFd(readFd);
    all[4096 + 10] = 42;
    expect(part[0]).toBe(42);
    expect(readOnly[4096 + 10]).toBe(42);
    readOnly[5] = 99; // neither a crash nor visible to the owner
    expect(all[5]).toBe(0);
  });

  it('refuses to map past the end, or a read-only object for writing', () => {
    const name = uniqueName();
    const fd = shmCreate(name, 4096, 0o600);
    const readFd = shmOpen(name, true);
    for (const [offset, length] of [
      [0, 4097],
      [4096, 1],
      [-1, 10],
      [0, 0],
      [1, 2 ** 53],
    ] as const) {
      expect(() => mapFd(fd, offset, length, false)).toThrow(RangeError);
    }
    expect(thrown(() => mapFd(readFd, 0, 10, false)).code).toBe('EACCES');
    expect(() => shmCreate('a\0b', 1, 0o600)).toThrow(TypeError);
    expect(() => shmCreate(uniqueName(), 0, 0o600)).toThrow(RangeError);
    expect(() => shmCreate(uniqueName(), 1, 0o1777)).toThrow(RangeError);
    expect(thrown(() => shmOpen('n'.repeat(300), true)).code).toBe('EINVAL');
    expect(thrown(() => shmCreate('a/b', 1, 0o600)).code).toBe('EINVAL');
    closeFd(fd);
    closeFd(readFd);
  });
});

describe('named semaphores', () => {
  it('count, are shared by name, and have exactly the mode', () => {
    const umask = process.umask(0o077);
    const name = uniqueName();
    const first = semOpen(name, 0o666, 1);
    process.umask(umask);
    expect(statSync(`/dev/shm/sem.${name}`).mode & 0o777).toBe(0o666);
    const second = semOpen(name, 0o600, 7);
    expect(second.value()).toBe(1);
    expect(first.tryWait()).toBe(true);
    expect(second.tryWait()).toBe(false);
    second.post();
    expect(first.value()).toBe(1);
    first.close();
    first.close();
    expect(() => first.tryWait()).toThrow(TypeError);
    expect(() => first.post()).toThrow(TypeError);
    expect(() => first.value()).toThrow(TypeError);
    expect(second.tryWait()).toBe(true);
    second.close();
  });

  it('cannot be made behind semOpen, and reports bad arguments', () => {
    const semaphore = semOpen(uniqueName(), 0o600, 0);
    const Class = semaphore.constructor as new () => unknown;
    expect(() => new Class()).toThrow(TypeError);
    semaphore.close();
    expect(() => semOpen(uniqueName(), 0o600, -1)).toThrow(RangeError);
    expect(thrown(() => semOpen('a/b', 0o600, 1)).code).toBeDefined();
  });
});
