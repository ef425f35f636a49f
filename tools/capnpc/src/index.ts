// Public entry: the generator as a function.

export { type CompileOptions, compile } from './compile.js';
export { type GeneratedFile, generate } from './generate.js';
export { GeneratorError } from './schema.js';
export { SchemaWatcher, type WatchEvents } from './watch.js';
export { type OutputOptions, writeOutputs } from './write-outputs.js';
