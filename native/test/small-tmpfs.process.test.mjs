// A file system of shared memory that is smaller than the pools in it, as in a container.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { test } from 'node:test';
import { entry } from './process-support.mjs';

// A private mount name space with a /dev/shm of its own: needs root.
const mount = 'mount -t tmpfs -o size=32m tmpfs /dev/shm';
const possible = spawnSync('unshare', ['-m', 'sh', '-c', mount]).status === 0;

test('large blocks are refused when pages are short, but not when their pages are there already', {
  skip: possible ? false : 'needs the right to mount a tmpfs',
}, () => {
  const code = `
      import { existsSync, writeFileSync } from 'node:fs';
      import { poolCreate } from ${JSON.stringify(entry)};
      const pool = poolCreate('small', 64 << 20, 0o600);
      const free = pool.freeBytes();
      const size = 20 << 20;
      const first = pool.allocate(size);
      new Uint8Array(pool.view(first, size)).fill(1);
      pool.free(first);
      const again = pool.allocate(size);
      new Uint8Array(pool.view(again, size)).fill(2);
      const second = pool.allocate(size);
      const grown = pool.listGrow(pool.listCreate(), size);
      pool.free(again);
      writeFileSync('/dev/shm/rest', Buffer.alloc(1));
      let full;
      try { for (let i = 0; ; i++) writeFileSync('/dev/shm/rest', Buffer.alloc(i < 11 ? 1 << 20 : 4096), { flag: 'a' }); } catch (e) { full = e.code; }
      try { poolCreate('none', 1 << 20, 0o600); } catch (e) { full += e.code + existsSync('/dev/shm/none'); }
      console.log(JSON.stringify([full, first > 0, again === first, second, grown, free - pool.freeBytes()]));`;
  const run = spawnSync(
    'unshare',
    ['-m', 'sh', '-c', `${mount} && exec "$0" --input-type=module -e "$1"`, process.execPath, code],
    { encoding: 'utf8' },
  );
  const { ENOSPC } = constants.errno;
  // 48: the holder of the list, which stays empty.
  assert.deepEqual(
    JSON.parse(run.stdout || '[]'),
    ['ENOSPCENOSPCfalse', true, true, -ENOSPC, -ENOSPC, 48],
    run.stderr,
  );
});
