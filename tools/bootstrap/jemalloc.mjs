// jemalloc, which the addon is linked with: built from its source package where it is not there yet.
import { join } from 'node:path';
import { mustRun } from './steps.mjs';

/**
 * @param {import('./steps.mjs').Stepper} steps
 * @param {string} root
 */
export async function ensureJemalloc(steps, root) {
  await steps.step(
    "jemalloc (its source comes through this machine's apt; half a minute, once)",
    async () => {
      const output = await mustRun(steps, 'jemalloc could not be built.', process.execPath, [
        join(root, 'native/scripts/jemalloc.mjs'),
      ]);
      return output.includes('building') ? 'built' : 'there already';
    },
  );
}
