#!/usr/bin/env node
// The one-line command: `flow-ipc-capnpc schema/*.capnp`.

import { Command, Option } from 'commander';
import { type CompileOptions, compile } from './compile.js';
import { GeneratorError } from './schema.js';
import { SchemaWatcher } from './watch.js';
import { type OutputOptions, writeOutputs } from './write-outputs.js';

interface Options {
  readonly out?: string;
  readonly check: boolean;
  readonly watch: boolean;
  readonly importPath: string[];
}

const collect = (value: string, previous: string[]): string[] => [...previous, value];

const command = new Command('flow-ipc-capnpc')
  .description(
    "Generates TypeScript readers and builders from Cap'n Proto schemas: x.capnp becomes x.capnp.ts.",
  )
  .argument('<file.capnp...>', 'schema files')
  .option('--out <dir>', 'put all generated files into this directory (default: beside their schemas)')
  .option('--check', 'write nothing; list files that are out of date and exit with 1 if there are any', false)
  .addOption(
    new Option('--watch', 'go on, and generate again when a schema or one of its imports changes')
      .default(false)
      .conflicts('check'),
  )
  .option('-I, --import-path <dir>', 'directory searched for absolute imports; may be repeated', collect, [])
  .action((files: string[], options: Options) => {
    const compileOptions = { importPaths: options.importPath };
    if (options.watch) {
      watchSchemas(files, { ...compileOptions, ...(options.out === undefined ? {} : { out: options.out }) });
      return;
    }
    const generated = compile(files, compileOptions);
    const stale = writeOutputs(generated, options);
    if (!options.check) return;
    for (const file of stale) console.error(`out of date: ${file}`);
    if (stale.length > 0) process.exitCode = 1;
  });

function watchSchemas(files: string[], options: CompileOptions & OutputOptions): void {
  const watcher = new SchemaWatcher(files, options, {
    written: (outputs) => {
      for (const file of outputs) console.log(`written: ${file}`);
    },
    failed: (error) => console.error(error.message),
  });
  const count = watcher.sources.length;
  console.log(`watching ${count} ${count === 1 ? 'schema' : 'schemas'}`);
}

try {
  command.parse();
} catch (error) {
  if (!(error instanceof GeneratorError)) throw error;
  console.error(`flow-ipc-capnpc: ${error.message}`);
  process.exitCode = 1;
}
