// The set-up that `npm run demo`, `npm run bench` and `npm test` share: Debian packages, jemalloc, npm packages, build.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureJemalloc } from './jemalloc.mjs';
import { ensureNpmPackages } from './npm-packages.mjs';
import { StepError, stepper } from './steps.mjs';
import { ensureSystemPackages } from './system-packages.mjs';
import { ensureBuilt } from './workspace-build.mjs';

/** The repository's root. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * Brings a fresh clone to where the job can run. Ends the process with code 1 and a message when it cannot.
 * @param {'demo' | 'bench' | 'test'} job
 * @param {{ stream: NodeJS.WritableStream, verbose: boolean, filter?: string }} options
 */
export async function prepare(job, { stream, verbose, filter }) {
  const steps = stepper({ stream, verbose });
  try {
    await ensureSystemPackages(steps, job);
    await ensureJemalloc(steps, root);
    await ensureNpmPackages(steps, root);
    await ensureBuilt(steps, root, filter === undefined ? {} : { filter });
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    if (error.output) stream.write(`\n${error.output.trimEnd()}\n`);
    stream.write(`\n${error.message}\n`);
    process.exit(1);
  }
}
