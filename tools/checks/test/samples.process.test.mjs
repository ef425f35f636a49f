// Every sample of the manual and of the packages' READMEs compiles, runs, ends well and leaves no process behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { compile, fileOf, layOut, unusedSamples } from '../samples.mjs';

/** A sample takes a second or two; a busy machine gets its time. */
const LIMIT_MS = 60_000;

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const work = mkdtempSync(join(tmpdir(), 'flow-ipc-samples-'));
after(() => rmSync(work, { recursive: true }));

const pages = await layOut(root, work);

test('the samples of the documents pass the strict compiler', () => {
  assert.ok(pages.length > 0);
  assert.deepEqual(compile(root, pages), []);
});

for (const { document, folder, samples } of pages) {
  describe(document, { concurrency: 2 }, () => {
    test('every named block is used by another one', () => {
      const unused = unusedSamples(samples).map(({ name, line }) => `${document}:${line} ${name}`);
      assert.deepEqual(unused, []);
    });
    for (const sample of samples) {
      if (sample.language !== 'ts' || sample.name) continue;
      test(`the sample at line ${sample.line} runs`, () => runSample(folder, fileOf(sample)));
    }
  });
}

/**
 * @param {string} folder
 * @param {string} file
 */
async function runSample(folder, file) {
  const program = file.replace(/\.ts$/, '.js');
  // A place of its own for what it writes; started as a reader would, by the name `node`.
  const TMPDIR = join(folder, `${program}.tmp`);
  mkdirSync(TMPDIR);
  const PATH = `${dirname(process.execPath)}:${process.env.PATH}`;
  const child = spawn('node', [program], {
    cwd: folder,
    env: { ...process.env, TMPDIR, PATH, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const group = /** @type {number} */ (child.pid);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const closed = once(child, 'close');
  const limit = new AbortController();
  setTimeout(LIMIT_MS, undefined, limit).then(
    () => killIfThere(-group),
    () => {},
  );
  const [code, signal] = await once(child, 'exit');
  limit.abort();
  const left = livingMembers(group);
  for (const pid of left) killIfThere(pid);
  await Promise.race([closed, setTimeout(2000)]); // the rest of what they printed
  assert.deepEqual([code, signal], [0, null], `it printed:\n${output}`);
  assert.deepEqual(left, [], `it ended and left processes that it had started; it printed:\n${output}`);
}

/**
 * A process that ended by itself meanwhile is no error.
 * @param {number} pid
 */
function killIfThere(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (err) {
    if (/** @type {NodeJS.ErrnoException} */ (err).code !== 'ESRCH') throw err;
  }
}

/**
 * Processes of a group that are alive: a zombie is only waiting to be fetched.
 * @param {number} group
 */
function livingMembers(group) {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      if (!pid) return false;
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
        const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(pgrp) === group && state !== 'Z' && state !== 'X';
      } catch {
        return false;
      }
    });
}
