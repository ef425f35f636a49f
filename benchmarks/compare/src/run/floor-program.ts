// Compiles the floor.
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Seen from the built command. */
const SOURCE = fileURLToPath(new URL('../floor/floor.c', import.meta.url));

export const compiler = (): string => process.env.CC ?? 'cc';

/** The path of the program, in a temporary folder of its own that is the caller's. Error with what cc said. */
export function compileFloor(): { folder: string; program: string } {
  const folder = mkdtempSync(join(tmpdir(), 'flow-ipc-floor-'));
  const program = join(folder, 'floor');
  const { status, stderr, error } = spawnSync(compiler(), ['-O2', '-pthread', '-o', program, SOURCE], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${compiler()} could not compile the floor: ${error?.message ?? stderr}`);
  return { folder, program };
}
