// Schema files and the files that they import.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface SearchOptions {
  /** Directories searched for imports that begin with `/`. */
  readonly importPaths?: readonly string[];
  /** Directory that paths are relative to. Default: the current one. */
  readonly cwd?: string;
}

/** The file below one of the import paths that an import of `/name` means, relative to `cwd`. */
export function findAbsolute(name: string, options: SearchOptions): string | undefined {
  const cwd = options.cwd ?? '.';
  return (options.importPaths ?? [])
    .map((dir) => path.join(dir, name))
    .find((file) => existsSync(path.resolve(cwd, file)));
}

/**
 * The existing ones of `files`, and what they import, however indirectly; as absolute paths. Reads the files as
 * text, so that it works for files that do not compile. Standard imports are not among them.
 */
export function withImports(files: readonly string[], options: SearchOptions): string[] {
  const cwd = path.resolve(options.cwd ?? '.');
  const pending = files.map((file) => path.resolve(cwd, file));
  const found = new Set<string>();
  for (;;) {
    const file = pending.pop();
    if (file === undefined) return [...found];
    if (found.has(file)) continue;
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    found.add(file);
    for (const [, name] of text.matchAll(/\bimport\s+"([^"\n]+)"/g)) {
      const absolute = name!.startsWith('/') ? findAbsolute(name!, { ...options, cwd }) : undefined;
      if (!name!.startsWith('/')) pending.push(path.resolve(path.dirname(file), name!));
      else if (absolute !== undefined) pending.push(path.resolve(cwd, absolute));
    }
  }
}

/** `file:line` of the statement that imports `name`, as far as it can be found. */
export function importPlace(file: string, name: string, cwd = '.'): string {
  try {
    const lines = readFileSync(path.resolve(cwd, file), 'utf8').split('\n');
    const line = lines.findIndex((text) => text.includes(`"${name}"`) && /\bimport\b/.test(text));
    return line < 0 ? file : `${file}:${line + 1}`;
  } catch {
    return file;
  }
}
