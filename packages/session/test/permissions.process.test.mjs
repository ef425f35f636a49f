// The four permissions levels with real users and groups: who is allowed talks, who is not gets nowhere near.
// Needs root, to be other users; what is run is a copy of the packages that everybody can read.
import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cnsPath, guardName } from '@flow-ipc/session';

/** Ids that no account of the machine has. */
const ALICE = { uid: 54_001, gid: 54_001 };
const BOB = { uid: 54_002, gid: 54_002 };
const ALICE_IN_BOBS_GROUP = { uid: ALICE.uid, gid: BOB.gid };
const BOB_IN_ALICES_GROUP = { uid: BOB.uid, gid: ALICE.gid };

const root = fileURLToPath(new URL('../../..', import.meta.url));
const skip = process.geteuid() === 0 ? canBecome(ALICE) : 'needs root, to be other users';
let copy;
let count = 0;

/** False, or why not: a container may forbid it, or the way to `node` be closed to others. */
function canBecome(who) {
  try {
    execFileSync('node', ['-e', ''], { ...who, cwd: '/' });
    return false;
  } catch (err) {
    return `another user cannot run node here: ${err.message}`;
  }
}

before(() => {
  if (skip) return;
  copy = mkdtempSync(join(tmpdir(), 'flow-ipc-users-'));
  const folders = {
    native: 'native',
    capnp: 'packages/capnp',
    core: 'packages/core',
    structured: 'packages/structured',
    session: 'packages/session',
  };
  for (const [name, folder] of Object.entries(folders)) {
    const to = join(copy, 'node_modules/@flow-ipc', name);
    for (const part of ['package.json', 'dist', 'build/Release/flow_ipc.node']) {
      const from = join(root, folder, part);
      if (existsSync(from)) cpSync(from, join(to, part), { recursive: true });
    }
  }
  for (const program of ['user-server.mjs', 'user-client.mjs']) {
    cpSync(fileURLToPath(new URL(`./programs/${program}`, import.meta.url)), join(copy, program));
  }
  execFileSync('chmod', ['-R', 'a+rX', copy]);
});

after(() => {
  if (copy) rmSync(copy, { recursive: true });
});

function run(program, who, apps, env = {}) {
  const child = fork(join(copy, program), {
    ...who,
    cwd: copy,
    execPath: 'node',
    env: { ...process.env, ...env, TEST_APPS: JSON.stringify(apps) },
  });
  const seen = [];
  child.on('message', (message) => seen.push(message));
  // Its exit may be heard of before the last that it told; what the others told before that, in the same turn but later.
  const gone = once(child, 'close').then(() => new Promise((resolve) => setImmediate(resolve)));
  return { child, seen, gone };
}

/** What the client got, what the server saw, and the modes of what was made. */
async function meet(level, serverWho, clientWho) {
  const name = `perm${process.pid}n${++count}`;
  const runDir = join(copy, name);
  mkdirSync(runDir);
  chmodSync(runDir, 0o755);
  chownSync(runDir, serverWho.uid, serverWho.gid);
  const apps = {
    server: {
      name,
      execPath: 'node',
      ...serverWho,
      allowedClients: ['cli'],
      permissionsLevel: level,
      runDir,
    },
    client: { name: 'cli', execPath: 'node', ...clientWho },
  };
  const guard = `/dev/shm/sem.${guardName(apps.server)}`;
  // The tightest umask there is: it must not narrow what the level allows.
  const server = run('user-server.mjs', serverWho, apps, { TEST_UMASK: String(0o077) });
  try {
    await once(server.child, 'message');
    assert.deepEqual(server.seen.shift(), { event: 'ready' });
    const client = run('user-client.mjs', clientWho, apps);
    await client.gone;
    const mode = (path) => statSync(path).mode & 0o777;
    return { client: client.seen[0], server: server.seen, modes: [mode(cnsPath(apps.server)), mode(guard)] };
  } finally {
    server.child.kill('SIGKILL');
    await server.gone;
    if (existsSync(guard)) unlinkSync(guard);
  }
}

const MODES = { user: [0o600, 0o600], group: [0o640, 0o660], unrestricted: [0o644, 0o666] };
const PAIRS = [
  ['the same user', ALICE, { user: true, group: true, unrestricted: true }],
  ['the same user in another group', ALICE_IN_BOBS_GROUP, { user: true, group: true, unrestricted: true }],
  [
    "another user in the server's group",
    BOB_IN_ALICES_GROUP,
    { user: false, group: true, unrestricted: true },
  ],
  ['another user in another group', BOB, { user: false, group: false, unrestricted: true }],
];

for (const [who, client, allowed] of PAIRS) {
  for (const level of ['user', 'group', 'unrestricted']) {
    test(`level '${level}': ${who} ${allowed[level] ? 'talks' : 'is kept out'}`, { skip }, async () => {
      const outcome = await meet(level, ALICE, client);
      assert.deepEqual(outcome.modes, MODES[level]);
      if (allowed[level]) {
        assert.deepEqual(outcome.client, { event: 'talked', echo: 'hello', ...ALICE });
        assert.deepEqual(
          outcome.server.map(({ event, uid, gid }) => ({ event, uid, gid })),
          [{ event: 'accepted', ...client }],
        );
      } else {
        assert.equal(outcome.client.code, 'ERR_FLOW_IPC_SYSTEM');
        assert.equal(outcome.client.errno, -13, outcome.client.message); // EACCES
        assert.deepEqual(outcome.server, [], 'the server has not even seen it');
      }
    });
  }
}

test("level 'none': not even the server itself is let in again", { skip }, async () => {
  const name = `perm${process.pid}n${++count}`;
  const runDir = join(copy, name);
  mkdirSync(runDir);
  chownSync(runDir, ALICE.uid, ALICE.gid);
  const apps = {
    server: { name, execPath: 'node', ...ALICE, allowedClients: ['cli'], permissionsLevel: 'none', runDir },
    client: { name: 'cli', execPath: 'node', ...ALICE },
  };
  const server = run('user-server.mjs', ALICE, apps);
  const guard = `/dev/shm/sem.${guardName(apps.server)}`;
  try {
    await once(server.child, 'message');
    const client = run('user-client.mjs', ALICE, apps);
    await client.gone;
    assert.equal(client.seen[0].code, 'ERR_FLOW_IPC_SYSTEM');
    assert.equal(client.seen[0].errno, -13);
  } finally {
    server.child.kill('SIGKILL');
    await server.gone;
    if (existsSync(guard)) unlinkSync(guard);
  }
});

test('an allowed user who claims to be another is refused by the server', { skip }, async () => {
  // The client's own description lies about itself: the server has the truth.
  const name = `perm${process.pid}n${++count}`;
  const runDir = join(copy, name);
  mkdirSync(runDir);
  chownSync(runDir, ALICE.uid, ALICE.gid);
  const server = {
    name,
    execPath: 'node',
    ...ALICE,
    allowedClients: ['cli'],
    permissionsLevel: 'unrestricted',
    runDir,
  };
  const guard = `/dev/shm/sem.${guardName(server)}`;
  const serving = run('user-server.mjs', ALICE, {
    server,
    client: { name: 'cli', execPath: 'node', ...ALICE },
  });
  try {
    await once(serving.child, 'message');
    const client = run('user-client.mjs', BOB, { server, client: { name: 'cli', execPath: 'node', ...BOB } });
    await client.gone;
    assert.equal(client.seen[0].code, 'ERR_FLOW_IPC_SESSION_LOG_IN_REFUSED');
    assert.match(client.seen[0].message, /runs as 54002:54002, not as 54001:54001/);
    assert.match(serving.seen.at(-1).code, /INCONSISTENT_CREDS$/);
  } finally {
    serving.child.kill('SIGKILL');
    await serving.gone;
    if (existsSync(guard)) unlinkSync(guard);
  }
});
