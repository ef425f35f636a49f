// What happens to handles that nobody closes: by the garbage collector, and by the end of a worker.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

const core = JSON.stringify(new URL('../dist/index.js', import.meta.url).href);
const run = promisify(execFile);
const fds = () => readdirSync('/proc/self/fd').length;

/** @param {string} code @param {string[]} options */
const program = (code, options = [], env = {}) =>
  run('node', [...options, '--input-type=module', '-e', code], { env: { ...process.env, ...env } });

test('a forgotten handle is closed by the collector, with one warning', async () => {
  const { stdout, stderr } = await program(
    `import { openSync, readdirSync } from 'node:fs';
     import { NativeHandle } from ${core};
     const fds = () => readdirSync('/proc/self/fd').length;
     const turn = () => new Promise((resolve) => setTimeout(resolve, 10));
     const warnings = [];
     process.on('warning', (warning) => warnings.push(warning.code));
     console.error('the first line that is printed may open something');
     let kept = new NativeHandle(openSync('/dev/null', 'r'));
     const before = fds();
     (() => {
       for (let i = 0; i < 50; i++) new NativeHandle(openSync('/dev/null', 'r'));
       for (let i = 0; i < 50; i++) new NativeHandle(openSync('/dev/null', 'r')).close();
     })();
     const most = fds();
     for (let i = 0; i < 100 && fds() > before; i++) { gc(); await turn(); }
     console.log(JSON.stringify([most - before, fds() - before, kept.info().kind, warnings]));`,
    ['--expose-gc'],
    { NODE_DEBUG: 'flow-ipc-util' },
  );
  assert.deepEqual(JSON.parse(stdout), [50, 0, 'character-device', ['FLOW_IPC_HANDLE_COLLECTED']]);
  assert.equal(stderr.match(/closing descriptor \d+ of a handle that was collected/g)?.length, 50);
});

test('a worker that ends, or is terminated, leaves no descriptor open', async () => {
  const code = `
    const { workerData, parentPort } = require('node:worker_threads');
    const { openSync } = require('node:fs');
    import(${core}).then(({ NativeHandle }) => {
      // Duplicates: what node:fs opens in a worker Node closes itself.
      const first = new NativeHandle(openSync('/dev/null', 'r'));
      globalThis.kept = Array.from({ length: 30 }, () => first.dup());
      first.close();
      kept.slice(0, 10).forEach((handle) => handle.close());
      parentPort.postMessage(kept[29].release());
      if (workerData === 'stay') setInterval(() => {}, 1000);
    });`;
  const { NativeHandle } = await import('../dist/index.js');
  for (const workerData of ['stay', 'end']) {
    const before = fds();
    const worker = new Worker(code, { eval: true, workerData });
    const exited = new Promise((resolve) => worker.once('exit', resolve));
    const released = await new Promise((resolve, reject) =>
      worker.once('message', resolve).once('error', reject),
    );
    if (workerData === 'stay') await worker.terminate();
    await exited;
    // What was released is ours, and is all that is left.
    assert.equal(fds(), before + 1, workerData);
    new NativeHandle(released).close();
  }
});

test('a listening socket is adopted by a cluster worker itself', async (t) => {
  // listen({ fd }) of a cluster worker asks the primary process, which has another file by that number, or none.
  const folder = mkdtempSync(join(tmpdir(), 'flow-ipc-cluster-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'program.mjs');
  writeFileSync(
    file,
    `import cluster from 'node:cluster';
     import { once } from 'node:events';
     import { connect, createServer } from 'node:net';
     import { text } from 'node:stream/consumers';
     if (cluster.isPrimary) {
       cluster.fork().on('exit', (code) => process.exit(code));
     } else {
       const { NativeHandle } = await import(${core});
       const first = createServer().listen({ port: 0, host: '127.0.0.1', exclusive: true });
       await once(first, 'listening');
       const { port } = first.address();
       const server = await NativeHandle.take(first).toServer();
       server.on('connection', (socket) => socket.end('served by a worker'));
       console.log(await text(connect(port, '127.0.0.1')));
       server.close();
       process.disconnect();
     }`,
  );
  const { stdout } = await run('node', [file], { timeout: 30_000 });
  assert.equal(stdout, 'served by a worker\n');
});
