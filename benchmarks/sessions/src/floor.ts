// The floor of the same moment: a connection and a blocking round trip in C, compiled when needed.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../floor/floor.c', import.meta.url));

/** Compiles into the folder; the result runs it so many times and gives each time's microseconds. */
export function compileFloor(folder: string): (count: number) => number[] {
  const program = join(folder, 'floor');
  execFileSync(process.env.CC ?? 'cc', ['-O2', '-o', program, SOURCE]);
  return (count) => {
    const lines = execFileSync(program, [String(count)], { encoding: 'utf8' })
      .trim()
      .split('\n');
    return lines.map((ns) => Number(ns) / 1000);
  };
}
