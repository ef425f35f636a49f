// Puts generated files where they belong, or compares them with what is there.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { GeneratedFile } from './generate.js';

export interface OutputOptions {
  /** Directory for all files, which lie in it as their schemas do; default: each beside its schema. */
  readonly out?: string;
  /** Only compare. */
  readonly check?: boolean;
  /** Directory that paths are relative to. Default: the current one. */
  readonly cwd?: string;
}

/** Writes files whose content differs; returns their paths. With `check` nothing is written. */
export function writeOutputs(files: readonly GeneratedFile[], options: OutputOptions = {}): string[] {
  const changed: string[] = [];
  const base = options.out === undefined ? undefined : commonDirectory(files.map((file) => file.path));
  for (const file of files) {
    const target = base === undefined ? file.path : path.join(options.out!, path.relative(base, file.path));
    const absolute = path.resolve(options.cwd ?? '.', target);
    if (current(absolute) === file.content) continue;
    changed.push(target);
    if (options.check) continue;
    mkdirSync(path.dirname(absolute), { recursive: true });
    writeFileSync(absolute, file.content);
  }
  return changed;
}

/** The innermost directory that all files lie in: imports between them stay what they are. */
function commonDirectory(files: readonly string[]): string {
  const [first = '.', ...others] = files.map((file) => path.dirname(path.normalize(file)));
  let common = first;
  while (others.some((dir) => dir !== common && path.relative(common, dir).startsWith('..'))) {
    const parent = path.dirname(common);
    if (parent === common) break;
    common = parent;
  }
  return common;
}

function current(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
