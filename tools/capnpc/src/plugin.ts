#!/usr/bin/env node
// The plug-in form: `capnp compile -o flow-ipc file.capnp` starts this with the request on standard input
// and the output directory as working directory.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { generate } from './generate.js';
import { GeneratorError } from './schema.js';

try {
  for (const file of generate(readFileSync(0))) {
    mkdirSync(path.dirname(file.path), { recursive: true });
    writeFileSync(file.path, file.content);
  }
} catch (error) {
  if (!(error instanceof GeneratorError)) throw error;
  console.error(`capnpc-flow-ipc: ${error.message}`);
  process.exitCode = 1;
}
