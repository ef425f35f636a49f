// Regenerates every committed generated file of the repository; `--check` only compares, and exits with 1
// when something is out of date. Needs built packages/capnp and tools/capnpc, and the `capnp` program.

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, GeneratorError, writeOutputs } from './dist/index.js';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Each directory of schemas, and where what is generated from it goes. */
const SETS = [
  ['packages/structured/schema', 'packages/structured/src/generated'],
  ['packages/structured/test/schema', 'packages/structured/test/generated'],
  ['packages/session/schema', 'packages/session/src/generated'],
  ['packages/shm/schema', 'packages/shm/src/generated'],
  ['packages/shm-arena-lend/schema', 'packages/shm-arena-lend/src/generated'],
  ['benchmarks/structured-overhead/schema', 'benchmarks/structured-overhead/src/generated'],
  ['benchmarks/perf-demo/schema', 'benchmarks/perf-demo/src/generated'],
  ['benchmarks/capnp/schema', 'benchmarks/capnp/src/generated'],
  ['examples/cache/schema', 'examples/cache/src/generated'],
  ['examples/supervisor/schema', 'examples/supervisor/src/generated'],
  ['packages/capnp/test/schema', 'packages/capnp/test/generated'],
];

const check = process.argv.includes('--check');
const changed = [];
try {
  for (const [schemas, out] of SETS) {
    const dir = path.join(root, schemas);
    if (!existsSync(dir)) continue;
    const files = readdirSync(dir, { recursive: true }).filter((name) => name.endsWith('.capnp'));
    const generated = compile(files.sort(), { cwd: dir });
    const outputs = writeOutputs(generated, { cwd: path.join(root, out), check });
    changed.push(...outputs.map((file) => path.join(out, file)));
  }
} catch (error) {
  if (!(error instanceof GeneratorError)) throw error;
  console.error(error.message);
  process.exit(1);
}
for (const file of changed) console.log(`${check ? 'out of date' : 'written'}: ${file}`);
if (check && changed.length > 0) process.exit(1);
