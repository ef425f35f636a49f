// From a request to generated files.

import { emitFile } from './emit-file.js';
import type { SearchOptions } from './imports.js';
import { readRequest } from './request.js';

export interface GeneratedFile {
  /** The schema's path as given to `capnp compile`. */
  readonly schema: string;
  /** Path of the output: the schema's path with `.ts` added. */
  readonly path: string;
  readonly content: string;
}

/**
 * Generates one TypeScript file per schema file of a CodeGeneratorRequest (framed, as `capnp compile` writes
 * it to plug-ins). With `search` the code of files that are imported with `/` is expected beside their schemas;
 * without, in a tree of outputs that is like the tree of imports. @throws GeneratorError
 */
export function generate(request: Uint8Array, search?: SearchOptions): GeneratedFile[] {
  const decoded = readRequest(request);
  return decoded.files.map((file) => ({
    schema: file.filename,
    path: `${file.filename}.ts`,
    content: emitFile(decoded, file, search),
  }));
}
