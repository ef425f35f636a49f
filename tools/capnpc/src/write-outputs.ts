// Puts generated files where they belong, or compares them with what is there.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { GeneratedFile } from './generate.js';

export interface OutputOptions {
  /** One directory for all files; default: each beside its schema. */
  readonly out?: string;
  /** Only compare. */
  readonly check?: boolean;
  /** Directory that paths are relative to. Default: the current one. */
  readonly cwd?: string;
}

/** Writes files whose content differs; returns their paths. With `check` nothing is written. */
export function writeOutputs(files: readonly GeneratedFile[], options: OutputOptions = {}): string[] {
  const changed: string[] = [];
  for (const file of files) {
    const target = options.out === undefined ? file.path : path.join(options.out, path.basename(file.path));
    const absolute = path.resolve(options.cwd ?? '.', target);
    if (current(absolute) === file.content) continue;
    changed.push(target);
    if (options.check) continue;
    mkdirSync(path.dirname(absolute), { recursive: true });
    writeFileSync(absolute, file.content);
  }
  return changed;
}

function current(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
