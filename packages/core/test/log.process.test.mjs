// NODE_DEBUG chooses whose log lines are printed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const core = new URL('../dist/index.js', import.meta.url).href;
const PROGRAM = `
  import { logger, logSection, removeEachPersistentIf } from ${JSON.stringify(core)};
  for (const component of ['uncat', 'session', 'transport', 'shm', 'util', 'test']) {
    logger(component)('I am %s', logSection(component));
  }
  const kind = { persistentNames: () => ['stubborn'], removePersistent() { throw new Error('not yours'); } };
  removeEachPersistentIf(kind, () => true);
`;

/** @param {string} NODE_DEBUG */
function sections(NODE_DEBUG) {
  const { stderr, status } = spawnSync('node', ['--input-type=module', '-e', PROGRAM], {
    env: { ...process.env, NODE_DEBUG },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return { stderr, said: [...stderr.matchAll(/I am (\S+)/g)].map((m) => m[1]) };
}

test('a component logs when its section is chosen, and not otherwise', () => {
  assert.deepEqual(sections('').said, []);
  assert.deepEqual(sections('flow-ipc-transport').said, ['flow-ipc-transport']);
  assert.deepEqual(sections('flow-ipc').said, ['flow-ipc']);
  const all = ['', '-session', '-transport', '-shm', '-util', '-test'].map((end) => `flow-ipc${end}`);
  assert.deepEqual(sections('flow-ipc*').said, all);
});

test('what a sweep cannot remove is logged', () => {
  assert.match(sections('flow-ipc-util').stderr, /FLOW-IPC-UTIL \d+: cannot remove stubborn: not yours/);
});
