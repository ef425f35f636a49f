// Where `npm run demo`, `npm run bench` and `npm test` begin. Refuses a Node.js that is too old in words that it
// still understands: this file and what it imports keep to old syntax; everything else is loaded only afterwards.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { satisfies } from './node-version.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const minimum = JSON.parse(readFileSync(join(here, '../../package.json'), 'utf8')).engines.node;
const job = process.argv.splice(2, 1)[0];

if (!satisfies(process.version, minimum)) {
  console.error(
    `This is Node.js ${process.version}; Flow-IPC needs ${minimum}. Please install a newer one and start again.`,
  );
  process.exit(1);
}
if (process.platform !== 'linux') {
  console.error(`Flow-IPC runs on Linux only; this is ${process.platform}.`);
  process.exit(1);
}
import(`./${job}.mjs`);
