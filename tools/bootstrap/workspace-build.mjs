// Builds the workspace with turbo, which skips what has not changed.
import { join } from 'node:path';
import { commandEnv, mustRun } from './steps.mjs';

/**
 * The environment in which tools of the workspace run: its own binaries first on PATH. turbo starts each
 * package's script through pnpm, which is one of them: the machine needs none.
 * @param {string} root
 */
export function workspaceEnv(root) {
  return commandEnv({ PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`, FORCE_COLOR: '0' });
}

/**
 * @param {import('./steps.mjs').Stepper} steps
 * @param {string} root
 * @param {{ filter?: string }} [options] a turbo filter, when not everything is needed
 */
export async function ensureBuilt(steps, root, { filter } = {}) {
  await steps.step(filter ? `build (${filter})` : 'build', async () => {
    const args = ['run', 'build', '--output-logs=new-only', '--no-update-notifier'];
    if (filter) args.push(`--filter=${filter}`);
    const output = await mustRun(steps, 'The build failed.', 'turbo', args, {
      cwd: root,
      env: workspaceEnv(root),
    });
    const [, tasks] = /Tasks:\s+(.*)/.exec(output) ?? [];
    const [, cached] = /Cached:\s+(\d+) cached/.exec(output) ?? [];
    return `${tasks?.replace(/, (\d+) total/, ' of $1') ?? 'done'}, ${cached ?? 0} from the cache`;
  });
}
