// The floor of the same moment: a blocking ping-pong in C, compiled when needed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../floor/floor.c', import.meta.url));

export interface Floor {
  /** Microseconds of wall clock and of CPU of both processes, for each round trip. */
  run(count: number): { wall: number; cpu: number };
  [Symbol.dispose](): void;
}

export function compileFloor(): Floor {
  const dir = mkdtempSync(join(tmpdir(), 'flow-ipc-floor-'));
  const program = join(dir, 'floor');
  execFileSync(process.env.CC ?? 'cc', ['-O2', '-o', program, SOURCE]);
  return {
    run(count) {
      const [wall, cpu] = execFileSync(program, [String(count)], { encoding: 'utf8' })
        .split(' ')
        .map(Number);
      return { wall: wall! / 1000, cpu: cpu! / 1000 };
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  };
}
