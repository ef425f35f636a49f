// Where the CNS file lives must not be anybody's to tamper with; both sides look.
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ClientSession, cnsPath, type ServerApp, SessionServer } from '../src/index.js';
import { CLI, keep, serverApp, tearDown } from './harness.js';

afterEach(async () => {
  expect(await tearDown()).toEqual([]);
});

const coded = (code: string, text: RegExp) =>
  expect.objectContaining({
    code: expect.stringMatching(new RegExp(`${code}$`)),
    message: expect.stringMatching(text),
  });

/** A server app whose run directory `make` prepares below one of the test's own. */
function appIn(make: (parent: string) => string): ServerApp {
  const app = serverApp();
  return { ...app, runDir: make(app.runDir!) };
}

function made(parent: string, mode: number): string {
  const dir = join(parent, 'run');
  mkdirSync(dir);
  chmodSync(dir, mode);
  return dir;
}

const isRoot = process.geteuid!() === 0;

describe.each<[string, () => ServerApp, RegExp]>([
  ['anyone may write to', () => appIn((p) => made(p, 0o777)), /can be written by anyone, and is not sticky/],
  [
    'is a symbolic link',
    () =>
      appIn((p) => {
        symlinkSync(made(p, 0o755), join(p, 'link'));
        return join(p, 'link');
      }),
    /is a symbolic link/,
  ],
  [
    'is a file',
    () =>
      appIn((p) => {
        writeFileSync(join(p, 'file'), '');
        return join(p, 'file');
      }),
    /is not a directory/,
  ],
])('a run directory that %s', (_, make, text) => {
  it('is refused by the server', async () => {
    await expect(SessionServer.create({ server: make(), clients: [CLI] })).rejects.toEqual(
      coded('RUN_DIR_UNSAFE', text),
    );
  });

  it('is refused by the client', async () => {
    await expect(ClientSession.connect({ server: make(), client: CLI })).rejects.toEqual(
      coded('RUN_DIR_UNSAFE', text),
    );
  });
});

it.skipIf(!isRoot)('a run directory of another user is refused (needs root to make one)', async () => {
  const app = appIn((p) => {
    const dir = made(p, 0o755);
    chownSync(dir, 4711, 4711);
    return dir;
  });
  const refused = coded('RUN_DIR_UNSAFE', /belongs to user 4711/);
  await expect(SessionServer.create({ server: app, clients: [CLI] })).rejects.toEqual(refused);
  await expect(ClientSession.connect({ server: app, client: CLI })).rejects.toEqual(refused);
});

it('a sticky run directory that all may write to is taken', async () => {
  const app = appIn((p) => made(p, 0o1777));
  const server = keep(await SessionServer.create({ server: app, clients: [CLI] }));
  const [session, client] = await Promise.all([
    server.accept(),
    ClientSession.connect({ server: app, client: CLI }),
  ]);
  keep(session);
  keep(client);
});

it.skipIf(!isRoot)("a client does not believe another user's CNS file (needs root to make one)", async () => {
  const app = serverApp();
  writeFileSync(cnsPath(app), `${process.pid}\n`);
  chownSync(cnsPath(app), 4711, app.gid);
  await expect(ClientSession.connect({ server: app, client: CLI })).rejects.toEqual(
    coded('RESOURCE_OWNER_UNEXPECTED', /belongs to 4711/),
  );
});
