// A file system of shared memory that is smaller than the pools in it, as in a container.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { test } from 'node:test';
import { entry } from './process-support.mjs';

// A private mount name space with a /dev/shm of its own: needs root.
const mount = 'mount -t tmpfs -o size=32m tmpfs /dev/shm';
const possible = spawnSync('unshare', ['-m', 'sh', '-c', mount]).status === 0;

const { ENOSPC, ENOMEM } = constants.errno;

/** Runs a module in a mount name space of its own. */
function inSmallTmpfs(code) {
  const command = `${mount} && exec "$0" --input-type=module -e "$1"`;
  return spawnSync('unshare', ['-m', 'sh', '-c', command, process.execPath, code], { encoding: 'utf8' });
}

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
  const run = inSmallTmpfs(code);
  // 48: the holder of the list, which stays empty.
  assert.deepEqual(
    JSON.parse(run.stdout || '[]'),
    ['ENOSPCENOSPCfalse', true, true, -ENOSPC, -ENOSPC, 48],
    run.stderr,
  );
});

test('blocks grow in place only where there are pages, and shrink where there are none to be had', {
  skip: possible ? false : 'needs the right to mount a tmpfs',
}, () => {
  const code = `
      import { writeFileSync } from 'node:fs';
      import { poolCreate } from ${JSON.stringify(entry)};
      const pool = poolCreate('small', 64 << 20, 0o600);
      const free = pool.freeBytes();
      const fill = (block, bytes) => new Uint8Array(pool.view(block, bytes)).fill(1);
      const block = pool.allocate(10 << 20);
      fill(block, 10 << 20);
      const results = [pool.extend(block, 40 << 20), pool.extend(block, 20 << 20)];
      fill(block, 20 << 20);
      const used = free - pool.freeBytes();
      // All that is left goes to somebody else.
      try { for (let i = 0; ; i++) writeFileSync('/dev/shm/rest', Buffer.alloc(i < 10 ? 1 << 20 : 4096), { flag: 'a' }); } catch {}
      // By little pieces up to where the pages end, and each of them there.
      let bytes = 20 << 20;
      let code;
      while ((code = pool.extend(block, bytes + 1000)) === 0) fill(block, bytes += 1000);
      results.push(code, pool.shrink(block, 100), pool.extend(block, 20 << 20));
      fill(block, 20 << 20);
      pool.free(block);
      console.log(JSON.stringify([...results, used, free - pool.freeBytes()]));`;
  const run = inSmallTmpfs(code);
  const expected = [-ENOSPC, 0, -ENOSPC, 0, 0, (20 << 20) + 16, 0];
  assert.deepEqual(JSON.parse(run.stdout || '[]'), expected, run.stderr);
});

test('small blocks, batches, objects and messages are refused when pages are short, and all goes on', {
  skip: possible ? false : 'needs the right to mount a tmpfs',
}, () => {
  const code = `
      import { poolCreate, poolOpen } from ${JSON.stringify(entry)};
      const pool = poolCreate('small', 256 << 20, 0o600);
      const free = pool.freeBytes();
      const results = [];
      for (const size of [40, 5000, 70000, 300000]) {
        const live = [];
        let offset;
        // All of each block is written: what was promised must be there.
        while ((offset = pool.allocate(size)) > 0) { live.push(offset); new Uint8Array(pool.view(offset, size)).fill(size); }
        const full = [offset, pool.allocateMany(size, new Float64Array(10)), pool.objectCreate(4e6), pool.listStore(new Uint8Array(size), 0, size)];
        const other = poolOpen('small');
        const sane = live.every((o) => { const v = new Uint8Array(other.view(o, size)); return v[0] === (size & 255) && v[size - 1] === (size & 255); });
        // Handles into holes, of a pool eight times the file system's size, are looked at without touching them.
        let found = 0;
        for (let i = 0; i < 100000; i++) if (other.objectCheck(Math.floor(Math.random() * (1 << 24)) * 16, 777) === 0) found++;
        const freed = live.reverse().every((o) => other.free(o) === 0);
        results.push([live.length * size > 20 << 20, full, sane, freed, found, pool.freeBytes() === free]);
      }
      console.log(JSON.stringify(results));`;
  const run = inSmallTmpfs(code);
  const results = JSON.parse(run.stdout || '[]');
  assert.equal(results.length, 4, run.stderr);
  for (const [much, full, sane, freed, found, even] of results) {
    assert.deepEqual([much, sane, freed, found, even], [true, true, true, 0, true], run.stdout);
    // A smaller request than the one that failed may still find pages.
    for (const code of [full[0], full[1], full[2]]) assert.equal(code, -ENOSPC, run.stdout);
    assert.ok(full[3] === -ENOSPC || full[3] > 0 || full[3] === -ENOMEM, run.stdout);
  }
});
