// Generates again whenever a schema changes.

import { type FSWatcher, watch } from 'node:fs';
import path from 'node:path';
import { type CompileOptions, compile } from './compile.js';
import { withImports } from './imports.js';
import { GeneratorError } from './schema.js';
import { type OutputOptions, writeOutputs } from './write-outputs.js';

/** Editors touch a file several times when they save it. */
const QUIET_MS = 50;

export interface WatchEvents {
  /** Files that have been written; may be none. */
  written(files: readonly string[]): void;
  /** What is wrong with the schemas; the outputs stay as they are. */
  failed(error: GeneratorError): void;
}

/**
 * Generates code for `files` at once, and again when one of them, or a file that they import, changes, until
 * `close()` is called. Directories are watched rather than files, because editors replace files.
 */
export class SchemaWatcher {
  readonly #files: readonly string[];
  readonly #options: CompileOptions & OutputOptions;
  readonly #events: WatchEvents;
  readonly #watchers = new Map<string, FSWatcher>();
  #sources = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(files: readonly string[], options: CompileOptions & OutputOptions, events: WatchEvents) {
    this.#files = files;
    this.#options = options;
    this.#events = events;
    this.#run();
  }

  /** The files that are watched, absolute. */
  get sources(): readonly string[] {
    return [...this.#sources].sort();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #run(): void {
    this.#timer = undefined;
    // Before compiling: what changes meanwhile is not missed.
    this.#watch();
    try {
      this.#events.written(writeOutputs(compile(this.#files, this.#options), this.#options));
    } catch (error) {
      if (!(error instanceof GeneratorError)) throw error;
      this.#events.failed(error);
    }
  }

  #watch(): void {
    const cwd = path.resolve(this.#options.cwd ?? '.');
    // A file that is missing now is waited for.
    this.#sources = new Set([
      ...this.#files.map((file) => path.resolve(cwd, file)),
      ...withImports(this.#files, this.#options),
    ]);
    const dirs = new Set([...this.#sources].map((file) => path.dirname(file)));
    for (const [dir, watcher] of this.#watchers) {
      if (dirs.has(dir)) continue;
      watcher.close();
      this.#watchers.delete(dir);
    }
    for (const dir of dirs) if (!this.#watchers.has(dir)) this.#open(dir);
  }

  #open(dir: string): void {
    try {
      const watcher = watch(dir, (_, name) => {
        if (name === null || this.#sources.has(path.join(dir, name))) this.#changed();
      });
      // A directory that is removed: the next run says what is missing.
      watcher.on('error', () => this.#changed());
      this.#watchers.set(dir, watcher);
    } catch {
      // No such directory: compiling says so.
    }
  }

  #changed(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), QUIET_MS);
  }
}
