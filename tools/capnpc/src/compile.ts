// Runs `capnp compile` and hands its request to the generator.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { type GeneratedFile, generate } from './generate.js';
import type { SearchOptions } from './imports.js';
import { GeneratorError } from './schema.js';

export interface CompileOptions extends SearchOptions {
  /** The `capnp` program. Default `capnp`, found through PATH. */
  readonly capnp?: string;
}

/** Requests of large schema sets stay far below this. */
const MAX_REQUEST = 1 << 30;

/**
 * Compiles schema files and generates TypeScript for them. @throws GeneratorError when `capnp` is missing or
 * refuses a schema; the message has its words, with file and line.
 */
export function compile(files: readonly string[], options: CompileOptions = {}): GeneratedFile[] {
  const home = path.resolve(options.cwd ?? '.');
  const sources = files.map((file) => path.resolve(home, file));
  const cwd = commonDirectory(home, sources);
  if (cwd === home) return compileIn(cwd, files, options);
  // The compiler names what is not below its directory as if that were the root: it is started further up.
  const generated = compileIn(
    cwd,
    sources.map((file) => path.relative(cwd, file)),
    { ...options, importPaths: (options.importPaths ?? []).map((dir) => path.resolve(home, dir)) },
  );
  return generated.map((file) => ({ ...file, path: path.relative(home, path.resolve(cwd, file.path)) }));
}

/** `directory`, or the nearest one above it that all files are below. */
function commonDirectory(directory: string, files: readonly string[]): string {
  const outside = files.some((file) => path.relative(directory, file).startsWith('..'));
  return outside ? commonDirectory(path.dirname(directory), files) : directory;
}

function compileIn(cwd: string, files: readonly string[], options: CompileOptions): GeneratedFile[] {
  const program = options.capnp ?? 'capnp';
  const args = ['compile', '-o-', ...(options.importPaths ?? []).map((dir) => `-I${dir}`), ...files];
  // The compiler warns when PWD is not the directory it is in.
  const env = { ...process.env, PWD: cwd };
  const result = spawnSync(program, args, { cwd, env, maxBuffer: MAX_REQUEST });
  if (result.error !== undefined) {
    const missing = (result.error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new GeneratorError(
      missing
        ? `the Cap'n Proto compiler \`${program}\` was not found: install it (Debian and Ubuntu: apt install capnproto)`
        : `cannot run \`${program}\`: ${result.error.message}`,
      { cause: result.error },
    );
  }
  if (result.status !== 0) {
    const said = result.stderr.toString().trim();
    throw new GeneratorError(said || `\`${program} compile\` failed with status ${result.status}`);
  }
  return generate(result.stdout, { importPaths: options.importPaths ?? [], cwd });
}
