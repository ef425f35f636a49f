import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Universe, type UniverseDescription } from '../src/index.js';

const whole = (): UniverseDescription => ({
  runDir: '/run/demo',
  apps: {
    web: { execPath: 'node', uid: 1001, gid: 1002, scriptPath: '/srv/web.js' },
    cache: {
      execPath: '/usr/bin/cached',
      server: { allowedClients: ['web', 'batch'], permissionsLevel: 'group' },
    },
    batch: {
      execPath: 'node',
      uid: 'own',
      gid: 7,
      descendantOfServer: true,
      server: { allowedClients: ['cache'], runDir: '/run/batch' },
    },
  },
});

const own = { uid: process.geteuid!(), gid: process.getegid!() };

describe('a universe', () => {
  it('gives each program its apps', () => {
    const universe = new Universe(whole());
    expect(universe.client('web')).toEqual({
      name: 'web',
      execPath: 'node',
      uid: 1001,
      gid: 1002,
      scriptPath: '/srv/web.js',
    });
    expect(universe.server('cache')).toEqual({
      name: 'cache',
      execPath: '/usr/bin/cached',
      ...own,
      allowedClients: ['web', 'batch'],
      permissionsLevel: 'group',
      runDir: '/run/demo',
    });
    expect(universe.server('batch')).toMatchObject({ runDir: '/run/batch', uid: own.uid, gid: 7 });
    expect(universe.clients.map((app) => app.name)).toEqual(['web', 'cache', 'batch']);
    expect(universe.servers.map((app) => app.name)).toEqual(['cache', 'batch']);
    expect(() => ((universe.client('web') as { uid: number }).uid = 0)).toThrow(TypeError);
  });

  it('is read from a file, whose errors name the file', () => {
    const dir = mkdtempSync(join(tmpdir(), 'flow-ipc-universe-'));
    try {
      const file = join(dir, 'universe.json');
      writeFileSync(file, JSON.stringify({ $schema: './universe.schema.json', ...whole() }));
      expect(Universe.load(file).clients).toHaveLength(3);
      writeFileSync(file, '{');
      expect(() => Universe.load(file)).toThrow(
        expect.objectContaining({
          code: 'ERR_FLOW_IPC_SESSION_INVALID_ARGUMENT',
          message: expect.stringContaining(file),
        }),
      );
      expect(() => Universe.load(join(dir, 'none'))).toThrow(
        expect.objectContaining({ code: 'ERR_FLOW_IPC_SYSTEM', syscall: 'open' }),
      );
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('does not know everybody', () => {
    const universe = new Universe(whole());
    expect(() => universe.client('nobody')).toThrow(/no app 'nobody'; there are: web, cache, batch/);
    expect(() => universe.server('web')).toThrow(/no server app 'web'; there are: cache, batch/);
  });
});

it.each<[string, (u: UniverseDescription) => unknown, RegExp]>([
  ['nothing', () => null, /universe is not an object/],
  ['a list', () => [], /universe is not an object/],
  ['no apps', () => ({}), /apps is not an object/],
  ['empty apps', () => ({ apps: {} }), /there are none/],
  ['a misspelt member', (u) => ({ ...u, rundir: '/x' }), /unknown member "rundir"/],
  [
    'a misspelt member of an app',
    (u) => void Object.assign(u.apps.web!, { exec: 1 }),
    /apps\.web has an unknown member "exec"/,
  ],
  ['an app that is none', (u) => void Object.assign(u.apps, { web: 5 }), /apps\.web is not an object/],
  [
    'a separator in a name',
    (u) => void Object.assign(u.apps, { a_b: u.apps.web }),
    /"a_b" is not a letter followed/,
  ],
  ['an empty name', (u) => void Object.assign(u.apps, { '': u.apps.web }), /"" is not a letter followed/],
  ['no execPath', (u) => void Object.assign(u.apps.web!, { execPath: undefined }), /execPath is empty/],
  ['a negative user', (u) => void Object.assign(u.apps.web!, { uid: -1 }), /uid is -1/],
  ['a user by name', (u) => void Object.assign(u.apps.web!, { uid: 'root' }), /uid is root/],
  [
    'a relative script',
    (u) => void Object.assign(u.apps.web!, { scriptPath: 'web.js' }),
    /scriptPath is not an absolute path/,
  ],
  ['a relative run directory', (u) => Object.assign(u, { runDir: 'run' }), /runDir is not an absolute path/],
  [
    'a client that is not there',
    (u) => void Object.assign(u.apps.cache!.server!, { allowedClients: ['x'] }),
    /there is no app "x"/,
  ],
  [
    'clients that are no list',
    (u) => void Object.assign(u.apps.cache!.server!, { allowedClients: 'web' }),
    /not a list/,
  ],
  [
    'an unknown level',
    (u) => void Object.assign(u.apps.cache!.server!, { permissionsLevel: 'world' }),
    /permissionsLevel is none of/,
  ],
  [
    'a name too long for a socket',
    (u) => void Object.assign(u.apps, { ['x'.repeat(90)]: u.apps.cache }),
    /too long/,
  ],
])('a universe with %s is refused, and told what is wrong', (_, change, message) => {
  const description = whole();
  const changed = change(description);
  const given = changed === undefined ? description : changed;
  expect(() => new Universe(given as UniverseDescription)).toThrow(
    expect.objectContaining({
      code: 'ERR_FLOW_IPC_SESSION_INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    }),
  );
});

it('any JSON is a universe or a coded error', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const input of [
        value,
        { apps: value },
        { apps: { a: value } },
        { apps: { a: { execPath: 'x', server: value } } },
      ]) {
        try {
          new Universe(input as unknown as UniverseDescription);
        } catch (err) {
          expect((err as { code: string }).code).toBe('ERR_FLOW_IPC_SESSION_INVALID_ARGUMENT');
        }
      }
    }),
  );
});

it('the published schema has the same members', () => {
  const schema = JSON.parse(readFileSync(new URL('../universe.schema.json', import.meta.url), 'utf8'));
  const { app } = schema.$defs;
  expect(Object.keys(schema.properties)).toEqual(['$schema', 'runDir', 'apps']);
  expect(Object.keys(app.properties)).toEqual([
    'execPath',
    'uid',
    'gid',
    'scriptPath',
    'descendantOfServer',
    'server',
  ]);
  expect(Object.keys(app.properties.server.properties)).toEqual([
    'allowedClients',
    'runDir',
    'permissionsLevel',
  ]);
});
