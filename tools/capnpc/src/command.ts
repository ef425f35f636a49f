#!/usr/bin/env node
// The one-line command: `flow-ipc-capnpc schema/*.capnp`.

import { Command } from 'commander';
import { compile } from './compile.js';
import { GeneratorError } from './schema.js';
import { writeOutputs } from './write-outputs.js';

interface Options {
  readonly out?: string;
  readonly check: boolean;
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
  .option('-I, --import-path <dir>', 'directory searched for absolute imports; may be repeated', collect, [])
  .action((files: string[], options: Options) => {
    const generated = compile(files, { importPaths: options.importPath });
    const stale = writeOutputs(generated, options);
    if (!options.check) return;
    for (const file of stale) console.error(`out of date: ${file}`);
    if (stale.length > 0) process.exitCode = 1;
  });

try {
  command.parse();
} catch (error) {
  if (!(error instanceof GeneratorError)) throw error;
  console.error(`flow-ipc-capnpc: ${error.message}`);
  process.exitCode = 1;
}
