// The machine's counter of pool ids goes on for whoever made it, and for every other user.
// Needs root, to be other users and to have a /dev/shm where nobody has been yet.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

/** Ids that no account of the machine has. */
const ALICE = 54_001;
const BOB = 54_002;
const ROOT = 0;

const scratch = mkdtempSync(join(tmpdir(), 'flow-ipc-users-'));
after(() => rmSync(scratch, { recursive: true }));

/** A copy of the package that everybody can read. */
function copy() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  for (const part of ['package.json', 'dist', 'build/Release/flow_ipc.node']) {
    if (existsSync(join(root, part))) cpSync(join(root, part), join(scratch, part), { recursive: true });
  }
  spawnSync('chmod', ['-R', 'a+rX', scratch]);
  return join(scratch, 'dist/index.js');
}

const PRIVATE = 'umask 077 && mount -t tmpfs -o mode=1777 tmpfs /dev/shm && cd /';
const as = (user, command) => `setpriv --reuid ${user} --regid ${user} --clear-groups ${command}`;
// Not with a sanitizer's addon, which others may not be allowed to read.
const { FLOW_IPC_NATIVE_PATH: _path, LD_PRELOAD: _preload, ...env } = process.env;
const inPrivate = (script, ...args) =>
  spawnSync('unshare', ['-m', 'sh', '-c', `${PRIVATE} && ${script}`, 'sh', ...args], {
    encoding: 'utf8',
    env,
  });

const trial = inPrivate(as(ALICE, '"$1" -e ""'), process.execPath);
const skip = trial.status === 0 ? false : `cannot be another user here: ${trial.error ?? trial.stderr}`;

test('pool ids follow one another, whoever made the counter', { skip }, () => {
  const code = `
    import { OwnArena } from ${JSON.stringify(copy())};
    const arena = new OwnArena('flowipc_ptest_' + process.geteuid() + '_', 0o600);
    arena.allocate(16);
    console.log(arena.pools()[0].id);
    arena.close();`;
  for (const users of [
    [ALICE, BOB, ROOT, ALICE],
    [ROOT, BOB, ALICE, BOB],
  ]) {
    const each = users.map((user) => as(user, '"$1" --input-type=module -e "$2"')).join(' && ');
    const run = inPrivate(`${each} && stat -c %a /dev/shm/*`, process.execPath, code);
    // The counter and its guard are everybody's, whatever the umask of who came first.
    assert.deepEqual(run.stdout.trim().split('\n'), ['1', '2', '3', '4', '666', '666'], run.stderr);
  }
});
